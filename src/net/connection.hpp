// One client's connection: its requests, one after another.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "net/body.hpp"
#include "net/framing.hpp"
#include "net/head_writer.hpp"
#include "net/http.hpp"
#include "net/server.hpp"
#include "net/wire.hpp"

namespace carrel::net {

/// What the connections of a server share. Outlives them.
struct Shared {
    Handler& handler;
    ServerLimits limits;
    std::string id_prefix;       ///< of request ids; random per process
    std::uint64_t id_count = 0;  ///< requests so far
    DateLine date;
};

class Connection {
public:
    Connection(Shared& shared, async::Executor executor, core::Fd socket, Peer peer, bool is_refused);

    /// Until either side ends it. Throws only cancellation. Closes the socket in any case.
    Task<> serve();

    /// Ends waits that have become too long.
    void check_time(Wire::Clock::time_point now) { wire_->check_time(now); }
    /// Whether a stream is being sent to a client that has gone away, or what may be dropped is done for it.
    bool is_sending_to_nobody() const {
        const bool is_dropping = asked_ && asked_->may_be_dropped;
        return (is_streaming_ || is_dropping) && wire_->has_ended();
    }

private:
    /// These answer whether the connection goes on to the next request.
    Task<bool> serve_next();
    Task<bool> serve_request(RequestHead head);
    Task<bool> send(const Request& request, Response response, bool keep_alive);
    Task<bool> upgrade(Response response, std::string head);
    Task<bool> refuse(int status, std::string_view code, std::string_view detail);
    Task<bool> drain();

    /// Nothing when the client has gone, or was refused.
    Task<std::optional<RequestHead>> read_head();
    Task<std::optional<RequestHead>> take_head(std::size_t end);
    Task<bool> read_more_head();
    Request make_request(RequestHead head);

    Task<Response> ask_handler(Request& request);
    Response busy_answer(const Request& request) const;
    std::string begin_head(const Request& request, Response& response);
    Task<> send_stream(Response response, std::string head, bool is_chunked);
    /// Lets the client read the last answer before unread input of its makes the kernel reset the connection.
    Task<> linger();

    Shared& shared_;
    std::shared_ptr<Wire> wire_;
    std::shared_ptr<BodyReader> body_;  ///< of the request being served
    Peer peer_;
    bool is_refused_;            ///< one connection too many: it is told so
    bool speaks_chunks_ = true;  ///< this request is HTTP/1.1
    bool is_streaming_ = false;
    const Request* asked_ = nullptr;  ///< the one that the handler has in hand
};

}  // namespace carrel::net
