// What a tab has in flight: the document that it goes to, and the requests from which its page is drawn.
// Pure: events of the protocol in, what is worth waiting for out.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "desk/cdp/protocol.hpp"

namespace carrel::desk::cdp {

class Flight {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit Flight(std::string main_frame) : main_frame_{std::move(main_frame)} {}

    /// An event of the tab's session, or of one of its frames' sessions. Times do not go back.
    void take(const CdpEvent& event, Time now);
    /// The page was already being loaded when its events began to come.
    void begin_loading(Time now);
    /// The session of a frame has ended, and tells no more ends.
    void forget_session(std::string_view session);
    void clear();

    /// Whether something is under way that will change the page: its loading, unless that already took
    /// `most_patience` before `since`; requests that began at `since` or later; and what a socket answers to
    /// what it was given since. Not what never ends by its nature (event streams, media), not beacons, not
    /// what the page asks for again and again by itself, no answer that has stopped coming, and of what
    /// scripts ask for none that comes for long. Ask again after a while: that something is given up brings
    /// no event.
    bool is_busy(Time since, Time now) const;
    static constexpr std::chrono::milliseconds most_patience{2000};
    static constexpr std::chrono::milliseconds pause_patience{
        250};  ///< with an answer that has begun to come
    static constexpr std::chrono::milliseconds answer_patience{
        1000};  ///< with what scripts get, from its beginning
    static constexpr std::chrono::milliseconds socket_patience{1000};

    /// When the page got its document; nothing: before anybody listened.
    const std::optional<Time>& arrived_at() const { return arrived_at_; }

    /// While somebody waits, what the page asks for is taken for what they did; what it asks for by itself,
    /// again and again, is a poll.
    void hold() { ++holders_; }
    void release(Time now) {
        --holders_;
        used_at_ = now;
    }

private:
    struct Request {
        std::string session;
        std::string frame;
        std::string loader;
        Time begun;
        bool is_document = false;  ///< of the main frame
        bool is_of_script = false;
        bool is_poll = false;
        std::optional<Time> answered;  ///< when the answer began
        std::optional<Time> heard;     ///< when something of it came last
    };
    struct Poll {
        int count = 0;
        Time last;
    };
    struct Socket {
        std::string session;
        std::optional<Time> asked;  ///< when it was given what it has not answered
        bool is_silent = false;     ///< it was not answered in time before
    };
    void begin(const CdpEvent& event, Time now);
    void hear(const CdpEvent& event, Time now);
    void take_socket(const CdpEvent& event, Time now);
    bool is_poll(const json::Value& request, Time now);
    bool is_left_alone(Time now) const;
    bool is_awaited(const Request& request, Time since, Time now) const;
    void arrive(const CdpEvent& event, Time now);

    std::string main_frame_;
    std::map<std::string, Request, std::less<>> requests_;  ///< by session and number
    std::map<std::string, Socket, std::less<>> sockets_;    ///< by session and number
    std::map<std::string, Poll, std::less<>> polls_;        ///< by what is asked for
    std::optional<Time> loading_since_;
    std::optional<Time> arrived_at_;
    Time used_at_{};
    int holders_ = 0;
};

}  // namespace carrel::desk::cdp
