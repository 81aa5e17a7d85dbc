// WebSocket (RFC 6455), the server's side: no extensions, so no compression.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.hpp"
#include "net/http.hpp"

namespace carrel::net {

struct WebSocketLimits {
    std::size_t message_bytes = 1 << 20;  ///< of a client's message; beyond: closed with 1009
    /// A client that we listen to and that answers two pings with silence is cut off before the third.
    std::chrono::milliseconds ping_every{30'000};
};

struct Message {
    bool is_text = false;
    std::string data;
};

/// One connection. Sends may come from several tasks: they are written one after another, each waiting
/// for the client to take it. receive() is for one task.
class WebSocket {
public:
    ~WebSocket();
    WebSocket(const WebSocket&) = delete;
    WebSocket& operator=(const WebSocket&) = delete;

    /// The next whole message; nothing when the connection is closed, whoever closed it and however.
    /// Pings are answered and a close is acknowledged meanwhile.
    Task<std::optional<Message>> receive();
    /// Both throw Error{unavailable} when the connection is closed.
    Task<> send_binary(std::string_view bytes);
    Task<> send_text(std::string_view text);
    /// Returns when the connection is of no use any more, whoever ended it. For who waits for something else
    /// than receive(); a client that has vanished shows here by the next ping at the latest.
    Task<> ended();
    /// Says goodbye (1000 normal, 1008 policy, 1011 our failure, 4404 no such session; `reason` at most 123
    /// bytes of UTF-8) and ends the sending side. A receive() that runs returns nothing soon. Never
    /// throws but for cancellation.
    Task<> close(std::uint16_t code, std::string reason = {});

    /// The subprotocol agreed on; empty when none.
    const std::string& subprotocol() const;

    struct State;
    explicit WebSocket(std::unique_ptr<State> state);  ///< made by accept_websocket

private:
    std::unique_ptr<State> state_;
};

/// The answer to a request that asks for a WebSocket: 101, then `serve` runs with it; when `serve` returns,
/// the connection is closed with 1000 (1011 when it throws). The first of `subprotocols` that the client
/// offers is agreed on. Origin is the caller's to check. Throws Error{invalid}, as
/// require_handshake does, when the request is no handshake.
Response accept_websocket(const Request& request, std::vector<std::string> subprotocols,
                          WebSocketLimits limits, std::function<Task<>(WebSocket&)> serve);

}  // namespace carrel::net
