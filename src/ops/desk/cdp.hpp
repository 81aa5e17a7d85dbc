// Operations of the browser's pages and tabs, over the DevTools protocol: their requests and rows.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "json/fields.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

/// Pages: navigate, read, click, fill, evaluate.
std::span<const Operation> cdp_rows();
/// Tabs, stored state, and the DevTools endpoint itself.
std::span<const Operation> tab_rows();

/// Of operations on a page: which tab; the one in front when none is named.
struct InTab {
    std::optional<std::string> tab;
};
const json::Shape<InTab>& in_tab_shape();

struct Navigate : InTab {
    std::string url;
    std::string wait_until = "load";
    int timeout_ms = 30'000;
};
const json::Shape<Navigate>& navigate_shape();

struct GetText : InTab {
    std::optional<std::string> selector;
    int timeout_ms = 5'000;
    int max_chars = 200'000;
};
const json::Shape<GetText>& get_text_shape();

struct GetHtml : InTab {
    int max_chars = 1'000'000;
};
const json::Shape<GetHtml>& get_html_shape();

struct OnElement : InTab {
    std::string selector;
    int timeout_ms = 10'000;
};
const json::Shape<OnElement>& on_element_shape();

struct FillInput : OnElement {
    std::string value;
};
const json::Shape<FillInput>& fill_input_shape();

struct WaitForSelector : OnElement {
    WaitForSelector() { timeout_ms = 30'000; }
    std::string state = "visible";
};
const json::Shape<WaitForSelector>& wait_for_selector_shape();

struct Evaluate : InTab {
    std::string script;
    std::optional<std::string> frame;
    int timeout_ms = 30'000;
};
const json::Shape<Evaluate>& evaluate_shape();

struct ScrollPage : InTab {
    std::optional<std::string> selector;
    std::string direction = "down";
    int amount = 500;
};
const json::Shape<ScrollPage>& scroll_page_shape();

struct NewTab {
    std::string url = "about:blank";
    bool new_window = false;
};
const json::Shape<NewTab>& new_tab_shape();

struct GetStorage {
    std::optional<std::string> origins;
};
const json::Shape<GetStorage>& get_storage_shape();

/// Playwright's storageState.
struct StorageState {
    std::vector<json::Object> cookies;
    std::vector<json::Object> origins;
};
const json::Shape<StorageState>& storage_state_shape();

}  // namespace carrel::ops
