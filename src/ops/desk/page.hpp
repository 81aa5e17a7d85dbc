// Operations on a page as a model sees it: elements by reference, dialogs, downloads, console, network; and
// the members of a vendor's browser toolset. Their requests and rows.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "json/fields.hpp"
#include "ops/desk/observe.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

std::span<const Operation> page_rows();

/// Which tab; the one in front when none is named.
struct OnPage {
    std::optional<std::string> tab;
};

struct CallTool {
    std::string name;
    json::Object input;
    json::Object configs;
};
const json::Shape<CallTool>& call_tool_shape();

struct ReadPage : OnPage {
    std::string filter = "visible";
    int depth = 15;
    std::optional<std::string> ref;
    int max_chars = 50'000;
};
const json::Shape<ReadPage>& read_page_shape();

struct ReadPageText : OnPage {
    int max_chars = 50'000;
};
const json::Shape<ReadPageText>& read_page_text_shape();

struct FindInPage : OnPage {
    std::string query;
    int limit = 20;
};
const json::Shape<FindInPage>& find_in_page_shape();

/// An element, or a point of the viewport in CSS pixels.
struct PointOnPage : OnPage {
    std::optional<std::string> ref;
    std::optional<Point> coordinate;
};

/// What acts on a page waits for nothing more unless it is asked to.
struct ObservePage : Observe {
    ObservePage() : Observe{.observe = "none"} {}
};

struct HoverPage : PointOnPage, ObservePage {};
const json::Shape<HoverPage>& hover_page_shape();

struct ClickPage : PointOnPage, ObservePage {
    std::string button = "left";
    int count = 1;
    std::string modifiers;
};
const json::Shape<ClickPage>& click_page_shape();

struct ScrollAtPoint : PointOnPage, ObservePage {
    std::string direction = "down";
    int amount = 300;
};
const json::Shape<ScrollAtPoint>& scroll_at_point_shape();

struct OnReference : OnPage, ObservePage {
    std::string ref;
};
const json::Shape<OnReference>& on_reference_shape();

struct FormInput : OnReference {
    json::Value value;
};
const json::Shape<FormInput>& form_input_shape();

struct UploadToPage : OnReference {
    std::vector<std::string> paths;
};
const json::Shape<UploadToPage>& upload_to_page_shape();

struct AnswerDialog : OnPage, ObservePage {
    std::string action = "look";
    std::string text;
    std::string user;
    std::string password;
};
const json::Shape<AnswerDialog>& answer_dialog_shape();

struct ReadLog : OnPage {
    std::string pattern;
    bool errors_only = false;
    int limit = 100;
    bool clear = false;
};
const json::Shape<ReadLog>& read_log_shape();

}  // namespace carrel::ops
