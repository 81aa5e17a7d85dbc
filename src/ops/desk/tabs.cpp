#include <array>

#include "ops/desk/cdp.hpp"
#include "ops/desk/page_members.hpp"
#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

constexpr std::array tabs_answer{Member{"tabs", "array",
                                        "{tab_id, url, title, is_active}, in the order in which "
                                        "they were opened; is_active: in front"}};
constexpr std::array tab_answer{tab_id, page_url, page_title};
constexpr std::array closed_answer{Member{"message", "string", "what was done, in a sentence"}};
constexpr std::array storage_answer{
    Member{"cookies", "array",
           "{name, value, domain, path, expires (seconds, or -1), httpOnly, secure, sameSite}"},
    Member{"origins", "array", "{origin, localStorage: [{name, value}]}"}};
constexpr std::array loaded_answer{Member{"cookies", "integer", "how many were set"},
                                   Member{"origins", "integer", "for how many local storage was set"}};

constexpr std::array tab_table{
    Operation{
        .name = "browser/tabs",
        .method = "GET",
        .permission = view,
        .summary = "The browser's tabs.",
        .answer = tabs_answer,
    },
    Operation{
        .name = "browser/tabs/back",
        .method = "POST",
        .request = Body::json,
        .summary = "Goes back to the page before.",
        .request_schema = schema<in_tab_shape>,
        .answer = tab_answer,
        .example = "{}",
    },
    Operation{
        .name = "browser/tabs/forward",
        .method = "POST",
        .request = Body::json,
        .summary = "Goes to the page after, when one has gone back.",
        .request_schema = schema<in_tab_shape>,
        .answer = tab_answer,
        .example = "{}",
    },
    Operation{
        .name = "browser/tabs/reload",
        .method = "POST",
        .request = Body::json,
        .summary = "Loads the page again.",
        .request_schema = schema<in_tab_shape>,
        .answer = tab_answer,
        .example = "{}",
    },
    Operation{
        .name = "browser/tabs/stop",
        .method = "POST",
        .request = Body::json,
        .summary = "Stops loading.",
        .request_schema = schema<in_tab_shape>,
        .answer = tab_answer,
        .example = "{}",
    },
    Operation{
        .name = "browser/tabs/new",
        .method = "POST",
        .request = Body::json,
        .summary = "Opens a tab in front; starts the browser if none is open.",
        .request_schema = schema<new_tab_shape>,
        .answer = tab_answer,
        .example = R"({"url":"about:blank"})",
    },
    Operation{
        .name = "browser/tabs/switch",
        .method = "POST",
        .request = Body::json,
        .summary = "Brings a tab to the front.",
        .request_schema = schema<in_tab_shape>,
        .answer = tab_answer,
        .example = "{}",
    },
    Operation{
        .name = "browser/storage_state",
        .method = "GET",
        .summary = "Cookies and local storage, in the format of Playwright's storageState: of all cookies, "
                   "and of the origins of open tabs, of loaded states, and of those that are asked for.",
        .request_schema = schema<get_storage_shape>,
        .answer = storage_answer,
        .example = "origins=",
    },
    Operation{
        .name = "browser/storage_state",
        .method = "POST",
        .request = Body::json,
        .summary = "Sets cookies and local storage from a storageState; what is there of other names stays.",
        .request_schema = schema<storage_state_shape>,
        .answer = loaded_answer,
        .example = R"({"cookies":[],"origins":[]})",
    },
    Operation{
        .name = "browser/devtools/json",
        .method = "GET",
        .response = Body::bytes,
        .summary = "The DevTools endpoint's list of targets.",
        .tells_addresses = true,
    },
    Operation{
        .name = "browser/devtools/json/any",
        .method = "GET",
        .path = "/browser/devtools/json/{what...}",
        .response = Body::bytes,
        .summary = "The DevTools endpoint's /json/version, /json/list and /json/protocol, with addresses "
                   "that lead back here: Playwright's chromium.connectOverCDP takes …/desk/browser/devtools. "
                   "Starts the browser if none is open.",
        .tells_addresses = true,
    },
    Operation{
        .name = "browser/devtools/browser",
        .method = "GET",
        .response = Body::upgrade,
        .summary = "WebSocket: the DevTools protocol with the browser, whatever its id is.",
    },
    Operation{
        .name = "browser/devtools/browser/id",
        .method = "GET",
        .path = "/browser/devtools/browser/{target}",
        .response = Body::upgrade,
        .summary = "WebSocket: the DevTools protocol with the browser of that id.",
    },
    Operation{
        .name = "browser/devtools/page",
        .method = "GET",
        .path = "/browser/devtools/page/{target}",
        .response = Body::upgrade,
        .summary = "WebSocket: the DevTools protocol with one tab.",
    },
    Operation{
        .name = "browser/tabs/close",
        .method = "POST",
        .request = Body::json,
        .summary = "Closes a tab; the browser ends with its last.",
        .request_schema = schema<in_tab_shape>,
        .answer = closed_answer,
        .example = "{}",
    },
};

}  // namespace

std::span<const Operation> tab_rows() { return tab_table; }

const Shape<NewTab>& new_tab_shape() {
    static const Shape<NewTab> shape{
        field("url", &NewTab::url, "an address with http, https, file, about or data",
              length_between(1, longest_page_url))
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
