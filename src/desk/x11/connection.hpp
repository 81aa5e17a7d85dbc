// The one connection to the X server, as tasks: requests go out at once, answers and events arrive
// through the loop, which never waits for the display.
#pragma once

#include <xcb/xcb.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/gate.hpp"
#include "async/task.hpp"
#include "core/error.hpp"

namespace carrel::desk::x11 {

using async::Task;

struct Free {
    void operator()(void* block) const { std::free(block); }
};
/// An answer of the X server, which libxcb allocates.
template <class T>
using Answer = std::unique_ptr<T, Free>;

/// What kind of event it is; the bit left out says that another client sent it.
inline std::uint8_t type_of(const xcb_generic_event_t& event) { return event.response_type & 0x7f; }

class Connection {
public:
    /// Connects and reads the screen's description: blocks until the X server answers, so it runs on
    /// the pool. Throws Error{unavailable}.
    explicit Connection(async::Executor executor);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    xcb_connection_t* raw() const { return raw_; }
    xcb_window_t root() const { return root_; }
    const xcb_screen_t& screen() const { return *screen_; }

    /// The answer of a request that has been queued, such as
    /// `co_await answer<xcb_query_pointer_reply_t>(xcb_query_pointer(raw(), root()).sequence, "…")`.
    /// Throws Error{internal} on an X error, Error{unavailable, "display_restarted"} when the display is
    /// gone, and Error{timeout, "display_hung"} when it has sent
    /// nothing for ten seconds.
    template <class T>
    Task<Answer<T>> answer(unsigned sequence, std::string_view what) {
        auto block = co_await wait_for(sequence, what);
        co_return Answer<T>{static_cast<T*>(block.release())};
    }

    /// Sends what is queued. Does not wait.
    void flush();
    /// Returns when the X server has handled everything that was sent before, and every event that it
    /// caused has been given out.
    Task<> sync();

    /// Called for each event, in the order of adding; what it holds is valid during the call.
    void on_event(std::function<void(const xcb_generic_event_t&)> listener);
    /// Called when the display is gone, for who waits for more than an answer.
    void on_end(std::function<void()> listener);

    /// Gives out events until the display is gone; then everybody who waits for an answer gets
    /// "display_restarted".
    Task<> run();
    bool is_alive() const;
    /// Whether the X server owed somebody an answer for longer than it may, and has sent nothing since.
    bool is_hung() const { return is_hung_; }

private:
    Task<Answer<void>> wait_for(unsigned sequence, std::string_view what);
    void take_in(xcb_generic_event_t* (*next)(xcb_connection_t*));
    void note_sign_of_life();

    xcb_connection_t* raw_ = nullptr;
    const xcb_screen_t* screen_ = nullptr;
    xcb_window_t root_ = 0;
    boost::asio::posix::stream_descriptor socket_;
    async::Gate arrived_;
    std::uint64_t taken_in_ = 0;  ///< bytes of the X server of which everybody has been told
    bool is_taking_in_ = false;
    std::chrono::steady_clock::time_point heard_;  ///< when the X server last sent anything
    bool is_hung_ = false;
    std::vector<std::function<void(const xcb_generic_event_t&)>> listeners_;
    std::vector<std::function<void()>> end_listeners_;
};

/// What everybody answers who waited for a display that has ended.
core::Error display_is_gone();
/// What everybody answers who needs a display that is_hung().
core::Error display_hangs();

/// The numbers of these names on this display; asked all at once. Throws display_is_gone.
template <std::size_t Count>
std::array<xcb_atom_t, Count> intern_atoms(xcb_connection_t* raw,
                                           const std::array<std::string_view, Count>& names) {
    std::array<xcb_intern_atom_cookie_t, Count> cookies;
    for (std::size_t i = 0; i < Count; ++i)
        cookies[i] = xcb_intern_atom(raw, 0, static_cast<std::uint16_t>(names[i].size()), names[i].data());
    std::array<xcb_atom_t, Count> atoms;
    for (std::size_t i = 0; i < Count; ++i) {
        const Answer<xcb_intern_atom_reply_t> reply{xcb_intern_atom_reply(raw, cookies[i], nullptr)};
        if (!reply) throw display_is_gone();
        atoms[i] = reply->atom;
    }
    return atoms;
}

}  // namespace carrel::desk::x11
