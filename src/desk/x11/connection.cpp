#include "desk/x11/connection.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <xcb/xcbext.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/sys.hpp"

namespace carrel::desk::x11 {

namespace {

using Clock = std::chrono::steady_clock;

/// How long an X server may owe an answer and send nothing at all. It answers in microseconds, on a busy
/// machine in milliseconds: one that does not has been stopped, or turns in a circle.
constexpr std::chrono::seconds answer_patience{10};

/// An answer that nobody will fetch is dropped by libxcb, else it would be kept for ever.
class Expectation {
public:
    Expectation(xcb_connection_t* raw, unsigned sequence) : raw_{raw}, sequence_{sequence} {}
    ~Expectation() {
        if (!is_met) xcb_discard_reply(raw_, sequence_);
    }
    Expectation(const Expectation&) = delete;
    Expectation& operator=(const Expectation&) = delete;
    bool is_met = false;

private:
    xcb_connection_t* raw_;
    unsigned sequence_;
};

}  // namespace

core::Error display_hangs() {
    return core::Error{core::Code::timeout,
                       fmt::format("the display has sent nothing for {} s: it hangs. Process Xvnc may have "
                                   "been stopped; when it ends, a new display is started",
                                   answer_patience.count()),
                       "display_hung"};
}

core::Error display_is_gone() {
    return core::Error{core::Code::unavailable, "the display ended and is being started again",
                       "display_restarted"};
}

Connection::Connection(async::Executor executor) : socket_{executor}, arrived_{executor} {
    int number = 0;
    raw_ = xcb_connect(nullptr, &number);
    if (xcb_connection_has_error(raw_)) {
        xcb_disconnect(raw_);
        throw core::Error{core::Code::unavailable, "the display does not take connections"};
    }
    screen_ = xcb_setup_roots_iterator(xcb_get_setup(raw_)).data;
    root_ = screen_->root;
    // Asio gets a second descriptor of the same socket: each side closes its own.
    socket_.assign(
        core::checked("fcntl F_DUPFD_CLOEXEC", ::fcntl(xcb_get_file_descriptor(raw_), F_DUPFD_CLOEXEC, 0)));
}

Connection::~Connection() {
    socket_.close();
    xcb_disconnect(raw_);
}

bool Connection::is_alive() const { return xcb_connection_has_error(raw_) == 0; }

void Connection::on_event(std::function<void(const xcb_generic_event_t&)> listener) {
    listeners_.push_back(std::move(listener));
}

void Connection::on_end(std::function<void()> listener) { end_listeners_.push_back(std::move(listener)); }

void Connection::flush() {
    xcb_flush(raw_);
    take_in(xcb_poll_for_queued_event);
}

Task<Answer<void>> Connection::wait_for(unsigned sequence, std::string_view what) {
    Expectation expectation{raw_, sequence};
    flush();
    const auto asked = Clock::now();
    while (true) {
        void* reply = nullptr;
        xcb_generic_error_t* error = nullptr;
        const bool is_done = xcb_poll_for_reply(raw_, sequence, &reply, &error) != 0;
        Answer<void> answer{reply};
        const Answer<xcb_generic_error_t> failure{error};
        expectation.is_met = is_done;
        const auto read = xcb_total_read(raw_);
        // Events that came before the answer are given out before it.
        take_in(xcb_poll_for_queued_event);
        if (is_done) {
            if (answer) co_return answer;
            if (!is_alive()) throw display_is_gone();
            throw core::Error{core::Code::internal, fmt::format("{}: the display answered with error {}",
                                                                what, failure ? failure->error_code : 0)};
        }
        if (!is_alive()) throw display_is_gone();
        // Who was given an event may have read the answer meanwhile.
        if (xcb_total_read(raw_) != read) continue;
        const auto left = std::max(asked, heard_) + answer_patience - Clock::now();
        if (left <= Clock::duration::zero()) {
            is_hung_ = true;
            throw display_hangs();
        }
        co_await arrived_.wait_for(left);
    }
}

void Connection::note_sign_of_life() {
    heard_ = Clock::now();
    is_hung_ = false;
}

Task<> Connection::sync() {
    co_await answer<xcb_get_input_focus_reply_t>(xcb_get_input_focus(raw_).sequence, "synchronising");
}

/// libxcb reads whenever it can, also while it sends and while it looks for one answer. What it has read does
/// not make the socket readable again: so the events are given out, and who waits for an answer looks for it,
/// each time that something was read, whoever's doing that was.
void Connection::take_in(xcb_generic_event_t* (*next)(xcb_connection_t*)) {
    // A listener sends: the events that came meanwhile are given out after the one that it was given.
    if (std::exchange(is_taking_in_, true)) return;
    const struct Done {
        bool& is_taking_in;
        ~Done() { is_taking_in = false; }
    } done{is_taking_in_};
    while (const Answer<xcb_generic_event_t> event{next(raw_)})
        for (const auto& listener : listeners_) listener(*event);
    const auto read = xcb_total_read(raw_);
    if (std::exchange(taken_in_, read) == read) return;
    note_sign_of_life();
    arrived_.notify_all();
}

Task<> Connection::run() {
    while (is_alive()) {
        co_await socket_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                                    boost::asio::use_awaitable);
        // Reads all that has come; answers are kept for who waits for them.
        take_in(xcb_poll_for_event);
    }
    arrived_.notify_all();
    for (const auto& listener : end_listeners_) listener();
}

}  // namespace carrel::desk::x11
