// The browser as programs drive it: what the handlers of browser/cdp, browser/tabs, storage and the
// DevTools endpoint have in common.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "desk/browser/browser.hpp"
#include "desk/cdp/tabs.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::browser {

/// All must outlive it.
struct BrowserControl {
    async::Executor executor;
    Browser& browser;
    desktop::Display& display;
    cdp::Cdp& cdp;
    cdp::Tabs& tabs;

    /// Returns when the browser can be driven; starts it when none is open. Throws Error{conflict,
    /// "no_devtools"} when a person's browser was started without the port.
    Task<> ensure_open();
    /// The tab that is asked for; when none is, the one in front, of a browser and with a tab that are made
    /// if they are missing.
    Task<std::shared_ptr<cdp::Tab>> open_tab(std::optional<std::string> id);
};

/// What a person's address bar takes, and documents in the address itself (data:): what is to be tried.
std::vector<std::string> checked_addresses(std::string text);

/// The answer of `action`. What a page or a script made impossible is told as {success:false, error}: that is
/// an ordinary answer. What the browser itself made impossible stays an error.
Task<net::Response> answer_of(Task<json::Object> action);

/// Of bodies with scripts, addresses and stored state, in bytes.
constexpr std::size_t largest_script = 8uz << 20;

template <class Wish>
using BrowserAction = Task<json::Object> (*)(BrowserControl&, Wish);

template <class Wish>
rest::Binding post_binding(std::string_view name, BrowserControl& control, const json::Shape<Wish>& shape,
                           BrowserAction<Wish> action) {
    return {name, "POST", [&control, &shape, action](net::Request& request) -> Task<net::Response> {
                auto wish = co_await rest::decode_body(request, shape, largest_script);
                co_return co_await answer_of(action(control, std::move(wish)));
            }};
}

template <class Wish>
rest::Binding get_binding(std::string_view name, BrowserControl& control, const json::Shape<Wish>& shape,
                          BrowserAction<Wish> action) {
    return {name, "GET", [&control, &shape, action](net::Request& request) -> Task<net::Response> {
                co_return co_await answer_of(action(control, rest::decode_query(request, shape)));
            }};
}

/// browser/cdp/…
std::vector<rest::Binding> bind_cdp(BrowserControl& control);
/// browser/tabs/…
std::vector<rest::Binding> bind_tabs(BrowserControl& control);
/// browser/storage_state
std::vector<rest::Binding> bind_storage(BrowserControl& control);
/// browser/devtools/…
std::vector<rest::Binding> bind_devtools(BrowserControl& control);

}  // namespace carrel::desk::browser
