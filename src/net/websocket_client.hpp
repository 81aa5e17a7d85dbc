// WebSocket (RFC 6455), the client's side, over connections that stay on this machine: no extensions, and
// a mask that hides nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "async/task.hpp"
#include "net/http.hpp"
#include "net/websocket_frames.hpp"
#include "net/wire.hpp"

namespace carrel::net {

/// Says the handshake with these headers for `path` at `host`. The headers of the 101 that came, still to be
/// judged (judge_acceptance); nothing when something else came. Set a deadline.
Task<std::optional<Headers>> say_handshake(Wire& wire, std::string host, std::string path, Headers offered);

class WebSocketClient {
public:
    struct Received {
        std::string data;
        bool is_text = false;
        bool is_cut = false;  ///< it was larger than allowed: `data` is how it began
    };

    /// Says the handshake for `path` at `host`. Throws Error{unavailable} when the other side does not agree
    /// to it; set a deadline.
    static Task<std::unique_ptr<WebSocketClient>> open(std::shared_ptr<Wire> wire, std::string host,
                                                       std::string path, std::size_t message_bytes);

    WebSocketClient(std::shared_ptr<Wire> wire, std::size_t message_bytes);

    /// The next whole message; nothing when the connection has ended, however. For one task. Pings are
    /// answered meanwhile. Of a message that is too large all is read and little kept.
    Task<std::optional<Received>> receive();
    /// For one task. Throws Error{unavailable} when the connection has ended.
    Task<> send_text(std::string_view text);
    /// Ends the connection; a receive() that runs returns nothing.
    void close();

private:
    Task<std::optional<FrameHead>> next_head();
    Task<bool> take_payload(std::uint64_t length, Received& message);
    Task<> answer_ping(std::string_view payload);

    std::shared_ptr<Wire> wire_;
    std::size_t message_bytes_;
    std::string pong_;  ///< a frame that waits for the end of another
    bool is_writing_ = false;
    bool has_ended_ = false;
};

}  // namespace carrel::net
