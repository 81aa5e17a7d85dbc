// The desktop as `serve` holds it: one connection to the display and all that lives with it; and the
// Display, which has the current one and makes the next when the X server was started again.
#pragma once

#include <functional>
#include <memory>

#include "async/run_on.hpp"
#include "async/turns.hpp"
#include "desk/clipboard/clipboard.hpp"
#include "desk/desktop/surroundings.hpp"
#include "desk/input/keyboard.hpp"
#include "desk/input/mouse.hpp"
#include "desk/screen/damage.hpp"
#include "desk/screen/loading.hpp"
#include "desk/screen/popups.hpp"
#include "desk/screen/screen.hpp"
#include "desk/screen/watch.hpp"
#include "desk/windows/window_actions.hpp"
#include "desk/x11/connection.hpp"

namespace carrel::desk::desktop {

using async::Task;

/// Begins to watch what goes on behind the screen from now on; null when there is nothing that could.
using WatchLoading = std::function<Task<std::unique_ptr<screen::Loading>>()>;

/// Lives as long as its X server, and as long as a call uses it: then its calls throw
/// "display_restarted".
struct Desktop {
    /// Blocks until the X server answers: runs on the pool.
    Desktop(async::Executor executor, async::Pool& pool);

    /// Gives the screen that size; returns when everybody here knows of it. Throws Error{internal} when the
    /// display refuses.
    Task<> resize(picture::Size size);

    x11::Connection connection;
    screen::Damage damage;
    screen::Watching watching;
    screen::Screen screen;
    windows::WindowList windows;
    screen::Popups popups;
    windows::WindowActions window_actions;
    Surroundings surroundings;
    clipboard::Clipboard clipboard;
    input::Keyboard keyboard;
    input::Mouse mouse;
    async::Turns resizing;
    async::Turns input;  ///< keys and buttons of one operation go out before those of the next
    std::function<void(picture::Size)> resized = [](picture::Size) {};  ///< called when it is another
    WatchLoading watch_loading = []() -> Task<std::unique_ptr<screen::Loading>> { co_return nullptr; };
    bool is_furnished = false;  ///< the panel stands, or need not be waited for any more
};

/// What everybody is told who wants a display of a desk that has none.
core::Error no_display();

class Display {
public:
    /// `manager_ready` is called each time a window manager has come up and said how many desktops it has,
    /// `resized` with the size that the screen has and gets; `watch_loading` by who waits for a settled
    /// screen. `pool` must outlive it.
    Display(async::Executor executor, async::Pool& pool, std::function<void()> manager_ready,
            std::function<void(picture::Size)> resized, WatchLoading watch_loading);

    /// Connects, follows, and connects again; until cancelled.
    Task<> run();
    /// Instead of run(): there is none and will be none. From then on desktop() throws no_display(), and who
    /// waits until it is ready need not wait.
    void do_without() { is_absent_ = true; }
    bool is_absent() const { return is_absent_; }

    /// The desktop; waits for a display that is being started. Throws Error{unavailable,
    /// "display_not_ready"} after ten seconds, and Error{timeout, "display_hung"} while it answers nobody.
    Task<std::shared_ptr<Desktop>> desktop();
    /// The same, for who looks at it or points at it: waits until the panel, too, stands and has been
    /// painted; for at most five seconds after the window manager has come up, since an image may have none,
    /// or ten where it has ours.
    Task<std::shared_ptr<Desktop>> furnished_desktop();
    /// `replace` ends the window manager and the panel, to be started again: returns when another manager is
    /// up. The panel comes behind it, as after the first one. Throws Error{unavailable,
    /// "window_manager_not_ready"}.
    Task<> renew_manager(std::function<Task<>()> replace);
    async::Pool& pool() const { return pool_; }
    bool is_connected() const { return current_ != nullptr; }
    bool is_manager_ready() const { return current_ && has_manager(*current_); }
    /// False when the window manager is not up within `limit`.
    Task<bool> wait_until_ready(async::Duration limit);

private:
    Task<std::shared_ptr<Desktop>> connect();
    Task<> tell_of_manager(std::shared_ptr<Desktop> desktop);
    Task<> furnish(std::shared_ptr<Desktop> desktop);
    Task<> keep_furnished(std::shared_ptr<Desktop> desktop);
    bool has_manager(const Desktop& desktop) const {
        return desktop.windows.is_manager_ready() && !is_renewing_;
    }

    async::Executor executor_;
    async::Pool& pool_;
    std::function<void()> manager_ready_;
    std::function<void(picture::Size)> resized_;
    WatchLoading watch_loading_;
    async::Gate changed_;
    std::shared_ptr<Desktop> current_;
    std::uint64_t managers_ = 0;  ///< how many have come up
    std::uint64_t renewals_ = 0;  ///< how often one was to be replaced
    bool is_absent_ = false;
    bool is_renewing_ = false;  ///< the one that stands, if any, is about to end
};

}  // namespace carrel::desk::desktop
