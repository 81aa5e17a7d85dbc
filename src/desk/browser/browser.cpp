#include "desk/browser/browser.hpp"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <csignal>
#include <functional>
#include <set>

#include "async/deadline.hpp"
#include "core/text.hpp"
#include "desk/cdp/addresses.hpp"
#include "desk/cdp/endpoint.hpp"
#include "desk/desktop/observe.hpp"
#include "desk/spawn/launch.hpp"
#include "ops/desk/browser.hpp"
#include "ops/desk/windows.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::browser {

namespace {

constexpr auto program = "chromium";

}  // namespace

std::vector<windows::Window> browser_windows(std::vector<windows::Window> all) {
    std::erase_if(all,
                  [](const windows::Window& window) { return core::to_lower(window.class_name) != program; });
    return all;
}

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto opening_time = 20s;
/// A page may ask "leave this page?"; after this time it is not asked any more.
constexpr auto closing_time = 5s;
constexpr auto ending_time = 3s;
constexpr std::array<std::string_view, 4> schemes{"http", "https", "file", "about"};

/// Waits until the browser has windows, or has none, or it is enough; false when `limit` passes first.
Task<bool> wait_for_windows(desktop::Desktop& desktop, bool wanted, async::Duration limit,
                            std::function<bool()> is_enough = {}) {
    const auto end = Clock::now() + limit;
    while (true) {
        const auto seen = desktop.windows.changes();
        if (is_enough && is_enough()) co_return true;
        if (browser_windows(co_await desktop.windows.list()).empty() != wanted) co_return true;
        if (!co_await desktop.windows.wait_for_change(seen, end - Clock::now())) co_return false;
    }
}

/// Of the processes that these windows are of.
std::vector<core::Fd> processes_of(const std::vector<windows::Window>& open_windows) {
    std::set<std::uint32_t> pids;
    for (const auto& window : open_windows)
        if (window.pid && *window.pid > 1) pids.insert(*window.pid);
    std::vector<core::Fd> processes;
    for (const auto pid : pids) {
        core::Fd process{static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0))};
        if (process) processes.push_back(std::move(process));
    }
    return processes;
}

/// Returns when all have ended, or have not in time. They live a moment longer than their windows, and answer
/// calls as long.
Task<> wait_for_ends(async::Executor executor, std::vector<core::Fd> processes) {
    try {
        for (auto& process : processes) {
            boost::asio::posix::stream_descriptor watched{executor, process.release()};
            co_await async::deadline(ending_time, "the browser's end",
                                     watched.async_wait(boost::asio::posix::descriptor_base::wait_read,
                                                        boost::asio::use_awaitable));
        }
    } catch (const core::Error& error) {
        // Their windows are gone, which is what was asked for.
        if (error.code() != core::Code::timeout) throw;
    }
}

}  // namespace

core::Expected<std::vector<std::string>> parse_url(std::string_view text, bool takes_data) {
    if (auto guessed = cdp::guess_addresses(text); !guessed.empty()) return guessed;
    const auto colon = text.find(':');
    const auto scheme = core::to_lower(text.substr(0, std::min(colon, text.size())));
    // A page that is given itself may have any characters.
    if (takes_data && scheme == "data" && colon != text.npos) return std::vector{std::string{text}};
    if (colon == text.npos || std::ranges::find(schemes, scheme) == schemes.end())
        return core::refuse(takes_data ? "an address begins with http:, https:, file:, about: or data:"
                                       : "an address begins with http:, https:, file: or about:");
    for (const char byte : text)
        if (static_cast<unsigned char>(byte) <= ' ' || byte == 0x7f)
            return core::refuse("an address has no spaces and no control characters");
    return std::vector{std::string{text}};
}

Browser::Browser(async::Executor executor, async::Pool& pool, std::string home, int output, cdp::Tabs& tabs)
    : executor_{executor},
      pool_{pool},
      home_{std::move(home)},
      output_{output},
      tabs_{tabs},
      children_{executor} {}

/// Reaps a browser process that we started, whenever it ends.
Task<> Browser::follow(pid_t pid, core::Fd process, std::shared_ptr<bool> has_ended,
                       std::shared_ptr<desktop::Desktop> desktop) {
    boost::asio::posix::stream_descriptor watched{executor_, process.release()};
    co_await watched.async_wait(boost::asio::posix::descriptor_base::wait_read, boost::asio::use_awaitable);
    ::waitpid(pid, nullptr, WNOHANG);
    *has_ended = true;
    --running_;
    desktop->windows.wake();
}

/// By the browser's own port, in a tenth of the time; false when it has none.
Task<bool> Browser::open_tab(const std::string& url, bool in_new_window) {
    try {
        co_await tabs_.activate(co_await tabs_.open(url, in_new_window));
        co_return true;
    } catch (const core::Error& error) {
        if (error.code() != core::Code::unavailable) throw;
        co_return false;
    }
}

Task<> Browser::start(desktop::Display& display) {
    const auto desktop = co_await display.desktop();
    // A window that is opened before the manager is up would stay invisible.
    if (!co_await display.wait_until_ready(opening_time))
        throw core::Error{core::Code::unavailable, "the window manager is not up",
                          "window_manager_not_ready"};
    if (browser_windows(co_await desktop->windows.list()).empty())
        co_await open(desktop, "about:blank", false);
}

Task<> Browser::open(std::shared_ptr<desktop::Desktop> desktop, std::string url, bool in_new_window) {
    const bool is_open = !browser_windows(co_await desktop->windows.list()).empty();
    if (is_open && co_await open_tab(url, in_new_window)) co_return;
    std::vector<std::string> words{program, cdp::devtools_flag()};
    if (in_new_window) words.emplace_back("--new-window");
    words.push_back(std::move(url));
    auto launched = co_await async::run_on(pool_, [=, this] { return spawn::launch(words, home_, output_); });
    const auto has_ended = std::make_shared<bool>(false);
    ++running_;
    children_.start("browser", follow(launched.pid, std::move(launched.process), has_ended, desktop));
    // One that runs already takes the address over, and the process that brought it ends.
    const auto end = Clock::now() + opening_time;
    while (is_open && !*has_ended)
        if (!co_await desktop->windows.wait_for_change(desktop->windows.changes(), end - Clock::now()))
            throw core::Error{core::Code::timeout, "the browser did not take the address within 20 seconds"};
    // Another call's may have taken it over, too, and shows its first window only after that.
    const std::function<bool()> is_over = [this, has_ended] { return *has_ended && running_ == 0; };
    if (!is_open && !co_await wait_for_windows(*desktop, true, opening_time, is_over))
        throw core::Error{core::Code::timeout, "the browser showed no window within 20 seconds"};
    if (!is_open && is_over() && browser_windows(co_await desktop->windows.list()).empty())
        throw core::Error{core::Code::unavailable, "the browser ended before it showed a window"};
}

Task<bool> Browser::close(std::shared_ptr<desktop::Desktop> desktop) {
    const auto open_windows = browser_windows(co_await desktop->windows.list());
    if (open_windows.empty()) co_return false;
    auto processes = processes_of(open_windows);
    for (const auto& window : open_windows) desktop->window_actions.close(window.id);
    desktop->connection.flush();
    if (co_await wait_for_windows(*desktop, false, closing_time)) {
        co_await wait_for_ends(executor_, std::move(processes));
        co_return true;
    }
    // One that hangs hears nothing but the last.
    for (const int signal : {SIGTERM, SIGKILL}) {
        for (const auto& window : browser_windows(co_await desktop->windows.list()))
            if (window.pid && *window.pid > 1) ::kill(static_cast<pid_t>(*window.pid), signal);
        if (co_await wait_for_windows(*desktop, false, ending_time)) {
            co_await wait_for_ends(executor_, std::move(processes));
            co_return true;
        }
    }
    throw core::Error{core::Code::timeout, "the browser does not close"};
}

namespace {

Task<net::Response> open_url(Browser& browser, desktop::Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::open_url_shape());
    auto url = parse_url(wish.url);
    if (!url) throw rest::unprocessable({"url"}, url.error().message());
    auto address = std::move(url->back());  // of an http one the browser itself tries https first
    const auto desktop = co_await display.desktop();
    // A window that is opened before the manager is up would stay invisible.
    if (!co_await display.wait_until_ready(opening_time))
        throw core::Error{core::Code::unavailable, "the window manager is not up",
                          "window_manager_not_ready"};
    co_return co_await desktop::act(desktop, wish, browser.open(desktop, std::move(address), wish.new_window),
                                    fmt::format("Opened {}.", wish.url));
}

Task<> close_all(Browser& browser, std::shared_ptr<desktop::Desktop> desktop) {
    co_await browser.close(desktop);
}

Task<net::Response> close(Browser& browser, desktop::Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::just_observe_shape());
    const auto desktop = co_await display.desktop();
    co_return co_await desktop::act(desktop, wish, close_all(browser, desktop), "The browser is closed.");
}

Task<net::Response> active_window(desktop::Display& display) {
    const auto desktop = co_await display.desktop();
    const auto window = co_await desktop->windows.find_active();
    if (!window)
        co_return rest::json_answer({{"success", true}, {"window_id", nullptr}, {"window_title", ""}});
    co_return rest::json_answer(
        {{"success", true}, {"window_id", ops::window_id_text(window->id)}, {"window_title", window->title}});
}

}  // namespace

std::vector<rest::Binding> bind_browser(Browser& browser, desktop::Display& display) {
    return {
        {"browser/open_url", "POST",
         [&](net::Request& request) { return open_url(browser, display, request); }},
        {"browser/close", "POST", [&](net::Request& request) { return close(browser, display, request); }},
        {"browser/active_window", "GET", [&](net::Request&) { return active_window(display); }},
    };
}

}  // namespace carrel::desk::browser
