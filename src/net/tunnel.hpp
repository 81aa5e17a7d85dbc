// HTTP over a Unix socket: how requests reach a desk.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "async/task.hpp"
#include "net/http.hpp"

namespace carrel::net {

class Wire;

struct TunnelLimits {
    std::size_t head_bytes = 64uz * 1024;           ///< of an answer's status line and headers
    std::size_t idle_connections = 8;               ///< kept for the next request
    std::chrono::milliseconds idle_time{30'000};    ///< longer unused, it is not used again
    std::chrono::milliseconds connect_time{5'000};  ///< while the other side's queue is full
};

/// A Handler that passes requests on to the HTTP server behind a Unix socket. Bodies are streamed in both
/// directions and never collected; request.target and request.headers go out as they are, except that
/// the tunnel itself writes Host, Connection (with Upgrade when the request has that), Content-Length
/// and Transfer-Encoding. Who calls it has put together the headers: nothing is filtered here.
///
/// It sets no limit of time to an answer: wrap handle() in async::deadline where there is one. The other
/// side is taken to be hostile: its head is bounded and judged as strictly as a client's.
///
/// All failures are Error{unavailable}. Reasons: "desk_unreachable" (nobody listens: nothing was sent),
/// "tool_server_restarted" (broke off while the call was under way: it may have been carried out),
/// "bad_desk_answer" (what came is not HTTP). A call is repeated, once, only when it went over a kept
/// connection and nothing of it can have been read, or when it is a GET or HEAD.
///
/// An answer 101 has the connection (Response::take_connection). Responses may outlive the tunnel.
class Tunnel final : public Handler {
public:
    Tunnel(async::Executor executor, std::string unix_path, TunnelLimits limits = {});
    ~Tunnel() override;

    Task<Response> handle(Request& request) override;

private:
    struct Pool;
    /// Nothing when a kept connection turned out to be dead and the request may be repeated.
    static Task<std::optional<Response>> exchange(std::shared_ptr<Pool> pool, std::shared_ptr<Wire> wire,
                                                  Request& request, bool is_kept);

    std::shared_ptr<Pool> pool_;
};

}  // namespace carrel::net
