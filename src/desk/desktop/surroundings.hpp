// The desk's scene, kept current by events: asking for it costs nothing while nothing has changed.
#pragma once

#include <set>
#include <vector>

#include "async/turns.hpp"
#include "desk/desktop/scene.hpp"
#include "desk/windows/window_list.hpp"
#include "desk/x11/connection.hpp"

namespace carrel::desk::desktop {

using async::Task;

class Surroundings {
public:
    /// Blocks: runs on the pool. Both must outlive it; `windows` follows the root window's properties.
    Surroundings(async::Executor executor, x11::Connection& connection, windows::WindowList& windows);
    Surroundings(const Surroundings&) = delete;
    Surroundings& operator=(const Surroundings&) = delete;

    /// The scene as it is at the time of the call, by every event that has arrived. Asks the display only for
    /// what has changed since the last time.
    Task<Scene> look();

private:
    void note(const xcb_generic_event_t& event);
    void note(const xcb_property_notify_event_t& change);
    Task<> read_root();
    Task<> read_titles();
    Task<std::vector<std::uint32_t>> read_ids(unsigned sequence);
    Task<std::string> read_text(unsigned sequence);
    unsigned ask(xcb_window_t window, xcb_atom_t property, std::uint32_t words);

    struct Atoms {
        xcb_atom_t clients, active, name, clipboard;
    };
    x11::Connection& connection_;
    windows::WindowList& windows_;
    Atoms atoms_{};
    std::uint8_t selection_event_ = 0;
    async::Turns turns_;
    Scene scene_;
    bool is_root_stale_ = true;
    std::set<xcb_window_t> stale_titles_;
};

}  // namespace carrel::desk::desktop
