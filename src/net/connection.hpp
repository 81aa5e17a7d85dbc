// One client's connection: its requests, one after another.
#pragma once

#include <memory>
#include <optional>

#include "core/error.hpp"
#include "net/exchange.hpp"
#include "net/framing.hpp"
#include "net/http.hpp"
#include "net/wire.hpp"

namespace carrel::net {

class Connection {
public:
    Connection(Shared& shared, async::Executor executor, core::Fd socket, Peer peer, bool is_refused);

    /// Until either side ends it. Throws only cancellation. Closes the socket in any case.
    Task<> serve();

    /// Ends waits that have become too long.
    void check_time(Wire::Clock::time_point now) { wire_->check_time(now); }
    /// When check_time() next has something to end.
    Wire::Clock::time_point deadline() const { return wire_->deadline(); }
    /// Has the server's rest end when the client goes away, or has sent what is for a later request.
    void watch_client();
    /// Whether a stream is being sent to a client that has gone away, or what may be dropped is done for it.
    bool is_sending_to_nobody() const {
        return exchange_ && exchange_->ends_with_client() && wire_->has_ended();
    }

    /// Whether nobody has shown on it that they may call us, where that is asked for.
    bool is_stranger() const;
    /// Whether it can be closed without breaking off an answer: no request is under way; or it is a
    /// stranger's, and waits for the stranger.
    bool may_leave() const { return !exchange_ || (is_stranger() && wire_->is_waiting()); }
    /// Since when it has been without a request.
    Wire::Clock::time_point idle_since() const { return idle_since_; }
    const Peer& peer() const { return peer_; }

private:
    /// These answer whether the connection goes on to the next request.
    Task<bool> serve_next();
    Task<bool> serve_request(RequestHead head);

    /// Nothing when the client has gone, or was refused.
    Task<std::optional<RequestHead>> read_head();
    Task<std::optional<RequestHead>> take_head(std::size_t end);
    Task<bool> read_more_head();
    Task<> refuse(core::Error why);
    /// Lets the client read the last answer before unread input of its makes the kernel reset the connection.
    Task<> linger();

    Shared& shared_;
    std::shared_ptr<Wire> wire_;
    Peer peer_;
    bool is_refused_;        ///< one connection too many: it is told so
    bool is_known_ = false;  ///< a request before this one was of somebody who may call us
    Wire::Clock::time_point idle_since_ = Wire::Clock::now();
    std::optional<Exchange> exchange_;  ///< the request being served
};

}  // namespace carrel::net
