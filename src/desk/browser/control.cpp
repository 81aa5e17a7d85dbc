#include "desk/browser/control.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "rest/answers.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::browser {

namespace {

using core::Code;
using core::Error;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// From the first window to the port, which a thread of the browser opens.
constexpr auto port_time = 10s;
constexpr auto port_step = 10ms;
/// From the port to the first tab.
constexpr auto tab_time = 5s;

constexpr std::array<std::string_view, 4> ordinary_reasons{"bad_selector", "page_not_loaded",
                                                           "script_timeout", "cdp_too_large"};

bool is_ordinary(const Error& error) {
    return (error.code() == Code::conflict && error.reason() != "no_devtools") ||
           std::ranges::find(ordinary_reasons, error.reason()) != ordinary_reasons.end();
}

}  // namespace

Task<> BrowserControl::ensure_open() {
    const auto end = Clock::now() + port_time;
    for (;;) {
        try {
            co_await tabs.wait_for_tab(tab_time);
            co_return;
        } catch (const Error& error) {
            if (error.reason() != "no_browser") throw;
        }
        if (Clock::now() >= end)
            throw Error{Code::conflict,
                        "the browser was started without its DevTools port: close it (browser/close) and "
                        "open it again",
                        "no_devtools"};
        // Again each time: the windows of one that has just been killed are there for a moment longer.
        co_await browser.start(display);
        // The kernel has no event for "somebody listens there now".
        co_await async::pause(port_step);
    }
}

Task<std::shared_ptr<cdp::Tab>> BrowserControl::open_tab(std::optional<std::string> id) {
    if (id) co_return co_await tabs.get(std::move(id));
    co_await ensure_open();
    bool has_tab = true;
    try {
        co_return co_await tabs.get(std::nullopt);
    } catch (const Error& error) {
        has_tab = error.reason() != "no_tab";
        if (has_tab) throw;
    }
    co_return co_await tabs.get(co_await tabs.open("about:blank", false));
}

std::vector<std::string> checked_addresses(std::string text) {
    auto urls = parse_url(text, true);
    if (!urls) throw rest::unprocessable({"url"}, urls.error().message());
    return std::move(*urls);
}

Task<net::Response> answer_of(Task<json::Object> action) {
    try {
        auto answer = co_await std::move(action);
        answer["success"] = true;
        co_return rest::json_answer(answer);
    } catch (const Error& error) {
        if (!is_ordinary(error)) throw;
        co_return rest::failure_answer(error.message());
    }
}

}  // namespace carrel::desk::browser
