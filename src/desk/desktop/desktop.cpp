#include "desk/desktop/desktop.hpp"

#include <unistd.h>

#include <algorithm>

#include "async/scope.hpp"
#include "core/log.hpp"
#include "desk/screen/backdrop.hpp"
#include "desk/screen/resolution.hpp"

namespace carrel::desk::desktop {

namespace {

using namespace std::chrono_literals;

/// After a display that broke off while it was asked for its properties.
constexpr auto retry_time = 100ms;
constexpr auto patience = 10s;
/// For how many desktops there are, which not every manager tells. A panel that comes before it is told
/// sleeps for a second (tint2's get_desktops).
constexpr auto desktops_patience = 1s;
/// For the panel, from when the window manager is up: it takes 0.2 to 1.1 s, on a busy machine many times
/// that. An image may have another one, or none.
std::chrono::seconds panel_patience() { return ::access("/usr/bin/tint2", X_OK) == 0 ? 10s : 5s; }
constexpr auto nudge_pause = 50ms;
/// A panel paints itself as a whole, and once more with its icons.
constexpr screen::SettleTimes panel_painting{.first_change = 100ms, .quiet = 60ms, .limit = 1000ms};

}  // namespace

Desktop::Desktop(async::Executor executor, async::Pool& pool)
    : connection{executor},
      damage{connection},
      watching{executor, connection},
      screen{executor, pool, connection, damage},
      windows{executor, connection},
      popups{connection},
      window_actions{connection, windows},
      surroundings{executor, connection, windows},
      clipboard{executor, connection},
      keyboard{executor, connection, watching, windows, window_actions, clipboard},
      mouse{connection, watching},
      resizing{executor},
      input{executor} {
    screen::paint_backdrop(connection, screen.size());
    connection.on_event([this](const xcb_generic_event_t& event) {
        const auto& change = reinterpret_cast<const xcb_configure_notify_event_t&>(event);
        const bool is_resized =
            // With its highest bit set it was sent by a program, and says what that likes.
            event.response_type == XCB_CONFIGURE_NOTIFY && change.window == connection.root();
        if (!is_resized) return;
        screen::paint_backdrop(connection, {change.width, change.height});
        resized({change.width, change.height});
    });
}

Task<> Desktop::resize(picture::Size size) {
    const auto turn = co_await resizing.take();
    const auto before = screen.size();
    if (size == before) co_return;
    co_await screen::change_resolution(connection, size);
    if (!co_await screen.wait_for_other_size(before, patience))
        throw core::Error{core::Code::timeout, "the display did not tell that its size has changed"};
    if (!connection.is_alive()) throw x11::display_is_gone();
}

Display::Display(async::Executor executor, async::Pool& pool, std::function<void()> manager_ready,
                 std::function<void(picture::Size)> resized, WatchLoading watch_loading)
    : executor_{executor},
      pool_{pool},
      manager_ready_{std::move(manager_ready)},
      resized_{std::move(resized)},
      watch_loading_{std::move(watch_loading)},
      changed_{executor} {}

Task<std::shared_ptr<Desktop>> Display::connect() {
    while (true) {
        try {
            co_return co_await async::run_on(pool_,
                                             [this] { return std::make_shared<Desktop>(executor_, pool_); });
        } catch (const core::Error& error) {
            core::log_warning("{}", error.message());
        }
        co_await async::pause(retry_time);
    }
}

Task<> Display::run() {
    while (true) {
        const auto desktop = co_await connect();
        async::Scope scope{executor_};
        scope.start("window manager", desktop->windows.follow([this, &scope, &desktop](bool is_ready) {
            if (is_ready) {
                ++managers_;
                is_renewing_ = false;
                scope.start("window manager's start", tell_of_manager(desktop));
            }
            changed_.notify_all();
        }));
        desktop->resized = resized_;
        desktop->watch_loading = watch_loading_;
        resized_(desktop->screen.size());
        scope.start("panel", keep_furnished(desktop));
        current_ = desktop;
        changed_.notify_all();
        co_await desktop->connection.run();
        current_.reset();
        co_await scope.close();
    }
}

core::Error no_display() {
    return {core::Code::conflict,
            "this desk has no display: its image was made without one. Files, terminal and processes work",
            "no_display"};
}

Task<std::shared_ptr<Desktop>> Display::desktop() {
    if (is_absent_) throw no_display();
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!current_)
        if (!co_await changed_.wait_for(end - std::chrono::steady_clock::now()))
            throw core::Error{core::Code::unavailable, "the display is not up", "display_not_ready"};
    // Requests would only pile up before it, until sending itself could wait.
    if (current_->connection.is_hung()) throw x11::display_hangs();
    co_return current_;
}

Task<> Display::tell_of_manager(std::shared_ptr<Desktop> desktop) {
    const auto manager = managers_;
    try {
        co_await desktop->windows.wait_for_desktops(desktops_patience);
    } catch (const core::Error&) {
        co_return;  // with its display the manager has ended, too
    }
    // A panel that starts beside one that ends would wait in vain for the windows of that.
    if (manager == managers_ && !is_renewing_) manager_ready_();
}

Task<> Display::renew_manager(std::function<Task<>()> replace) {
    const auto desktop = co_await this->desktop();
    const auto before = managers_;
    is_renewing_ = true;
    ++renewals_;
    desktop->is_furnished = false;
    changed_.notify_all();
    co_await replace();
    const auto end = std::chrono::steady_clock::now() + patience;
    while (managers_ == before)
        if (!co_await changed_.wait_for(end - std::chrono::steady_clock::now()))
            throw core::Error{core::Code::unavailable, "the window manager did not come up again",
                              "window_manager_not_ready"};
}

Task<> Display::keep_furnished(std::shared_ptr<Desktop> desktop) {
    while (true) {
        const auto seen = renewals_;
        co_await furnish(desktop);
        if (seen == renewals_) {
            desktop->is_furnished = true;
            changed_.notify_all();
        }
        while (seen == renewals_) co_await changed_.wait();
    }
}

Task<> Display::furnish(std::shared_ptr<Desktop> desktop) {
    // Without a manager there will be no panel, and who wants to mend that must not wait for it each time.
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!has_manager(*desktop))
        if (!co_await changed_.wait_for(end - std::chrono::steady_clock::now())) break;
    try {
        screen::Watch watch{desktop->watching};
        const auto has_panel = [&windows = desktop->windows]() -> Task<bool> {
            const auto open = co_await windows.list();
            co_return std::ranges::any_of(open, [](const auto& window) { return window.type == "dock"; });
        };
        const auto found_until = std::chrono::steady_clock::now() + panel_patience();
        bool is_found = co_await desktop->windows.wait_until(has_panel, nudge_pause);
        while (!is_found && std::chrono::steady_clock::now() < found_until) {
            desktop->windows.nudge_manager();
            is_found = co_await desktop->windows.wait_until(has_panel, nudge_pause);
        }
        if (is_found) co_await watch.settle(panel_painting);
    } catch (const core::Error& error) {
        core::log_warning("the panel was not found: {}", error.message());
    }
}

Task<std::shared_ptr<Desktop>> Display::furnished_desktop() {
    const auto end = std::chrono::steady_clock::now() + patience;
    auto desktop = co_await this->desktop();
    while (!desktop->is_furnished) {
        if (!co_await changed_.wait_for(end - std::chrono::steady_clock::now())) break;
        desktop = co_await this->desktop();
    }
    co_return desktop;
}

Task<bool> Display::wait_until_ready(async::Duration limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!is_absent_ && !is_manager_ready())
        if (!co_await changed_.wait_for(end - std::chrono::steady_clock::now())) co_return is_manager_ready();
    co_return true;
}

}  // namespace carrel::desk::desktop
