#include "desk/browser/download_watch.hpp"

#include "desk/browser/browser.hpp"

namespace carrel::desk::browser {

namespace {

using namespace std::chrono_literals;
using WatchClock = std::chrono::steady_clock;

/// A display that has ended wakes nobody who waits for its windows.
constexpr auto longest_wait = 60s;
/// From the first window to the port, which a thread of the browser opens; the kernel has no event for it.
constexpr auto port_patience = 10s;
constexpr auto port_pause = 10ms;

/// False when it has no port.
Task<bool> connect(cdp::Cdp& cdp) {
    const auto end = WatchClock::now() + port_patience;
    for (;;) {
        try {
            co_await cdp.connect();
            co_return true;
        } catch (const core::Error&) {
            if (WatchClock::now() >= end) co_return false;
        }
        co_await async::pause(port_pause);
    }
}

/// Returns when the browser has ended, or a window has come or gone; or after a while.
Task<> wait_for_news(desktop::Display& display, cdp::Cdp& cdp) {
    const auto desktop = co_await display.desktop();
    const auto seen = desktop->windows.changes();
    if (!cdp.is_connected() && !browser_windows(co_await desktop->windows.list()).empty())
        co_await connect(cdp);
    co_await desktop->windows.wait_for_change(seen, longest_wait);
}

}  // namespace

cdp::CdpLimits listening_limits() { return {.idle_time = std::chrono::hours{24 * 365}}; }

Task<> watch_downloads(desktop::Display& display, cdp::Cdp& cdp) {
    for (;;) {
        bool is_well = true;
        try {
            co_await wait_for_news(display, cdp);
        } catch (const core::Error&) {
            is_well = false;  // the display ends, or hangs
        }
        if (!is_well) co_await async::pause(1s);
    }
}

}  // namespace carrel::desk::browser
