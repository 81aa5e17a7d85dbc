#include <array>

#include "ops/desk_cdp.hpp"
#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

constexpr std::size_t longest_url = 2'000'000;

constexpr Member tab_id{"tab_id", "string", "of the tab"};
constexpr Member url{"url", "string", "the page's address"};
constexpr Member title{"title", "string", "the page's title"};

constexpr std::array tabs_answer{
    Member{"tabs", "array",
           "{tab_id, url, title, is_active}, in the order in which they were opened; is_active: in front"}};
constexpr std::array tab_answer{tab_id, url, title};
constexpr std::array closed_answer{Member{"message", "string", "what was done, in a sentence"}};
constexpr std::array storage_answer{
    Member{"cookies", "array",
           "{name, value, domain, path, expires (seconds, or -1), httpOnly, secure, sameSite}"},
    Member{"origins", "array", "{origin, localStorage: [{name, value}]}"}};
constexpr std::array loaded_answer{Member{"cookies", "integer", "how many were set"},
                                   Member{"origins", "integer", "for how many local storage was set"}};

constexpr std::array rows{
    Operation{"browser/tabs", "GET", "/browser/tabs", view, Body::none, Body::json, "The browser's tabs.",
              nullptr, tabs_answer},
    Operation{"browser/tabs/back", "POST", "/browser/tabs/back", control, Body::json, Body::json,
              "Goes back to the page before.", schema<in_tab_shape>, tab_answer, "{}"},
    Operation{"browser/tabs/forward", "POST", "/browser/tabs/forward", control, Body::json, Body::json,
              "Goes to the page after, when one has gone back.", schema<in_tab_shape>, tab_answer, "{}"},
    Operation{"browser/tabs/reload", "POST", "/browser/tabs/reload", control, Body::json, Body::json,
              "Loads the page again.", schema<in_tab_shape>, tab_answer, "{}"},
    Operation{"browser/tabs/stop", "POST", "/browser/tabs/stop", control, Body::json, Body::json,
              "Stops loading.", schema<in_tab_shape>, tab_answer, "{}"},
    Operation{"browser/tabs/new", "POST", "/browser/tabs/new", control, Body::json, Body::json,
              "Opens a tab in front; starts the browser if none is open.", schema<new_tab_shape>, tab_answer,
              R"({"url":"about:blank"})"},
    Operation{"browser/tabs/switch", "POST", "/browser/tabs/switch", control, Body::json, Body::json,
              "Brings a tab to the front.", schema<in_tab_shape>, tab_answer, "{}"},
    Operation{
        "browser/storage_state", "GET", "/browser/storage_state", control, Body::none, Body::json,
        "Cookies and local storage, in the format of Playwright's storageState: of all cookies, and of the "
        "origins of open tabs, of loaded states, and of those that are asked for.",
        schema<get_storage_shape>, storage_answer, "origins="},
    Operation{"browser/storage_state", "POST", "/browser/storage_state", control, Body::json, Body::json,
              "Sets cookies and local storage from a storageState; what is there of other names stays.",
              schema<storage_state_shape>, loaded_answer, R"({"cookies":[],"origins":[]})"},
    Operation{"browser/devtools/json", "GET", "/browser/devtools/json", control, Body::none, Body::bytes,
              "The DevTools endpoint's list of targets."},
    Operation{
        "browser/devtools/json/any", "GET", "/browser/devtools/json/{what...}", control, Body::none,
        Body::bytes,
        "The DevTools endpoint's /json/version, /json/list and /json/protocol, with addresses that lead back "
        "here: Playwright's chromium.connectOverCDP takes …/desk/browser/devtools. Starts the browser if "
        "none is open."},
    Operation{"browser/devtools/browser", "GET", "/browser/devtools/browser", control, Body::none,
              Body::upgrade, "WebSocket: the DevTools protocol with the browser, whatever its id is."},
    Operation{"browser/devtools/browser/id", "GET", "/browser/devtools/browser/{target}", control, Body::none,
              Body::upgrade, "WebSocket: the DevTools protocol with the browser of that id."},
    Operation{"browser/devtools/page", "GET", "/browser/devtools/page/{target}", control, Body::none,
              Body::upgrade, "WebSocket: the DevTools protocol with one tab."},
    Operation{"browser/tabs/close", "POST", "/browser/tabs/close", control, Body::json, Body::json,
              "Closes a tab; the browser ends with its last.", schema<in_tab_shape>, closed_answer, "{}"},
};

}  // namespace

std::span<const Operation> tab_rows() { return rows; }

const Shape<NewTab>& new_tab_shape() {
    static const Shape<NewTab> shape{
        field("url", &NewTab::url, "an address with http, https, file, about or data",
              length_between(1, longest_url))
            .with_default(),
        field("new_window", &NewTab::new_window, "in a window of its own").with_default()};
    return shape;
}

const Shape<GetStorage>& get_storage_shape() {
    static const Shape<GetStorage> shape{field("origins", &GetStorage::origins,
                                               "more origins (https://example.com), with commas between",
                                               length_between(0, 20'000))};
    return shape;
}

const Shape<StorageState>& storage_state_shape() {
    static const Shape<StorageState> shape{
        field("cookies", &StorageState::cookies,
              "{name, value, domain and path, or url; expires?, httpOnly?, secure?, sameSite?}")
            .with_default(),
        field("origins", &StorageState::origins, "{origin, localStorage: [{name, value}]}").with_default()};
    return shape;
}

}  // namespace carrel::ops
