// A WebSocket client: blocking, without copies beyond its buffer.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/fd.hpp"

namespace carrel::bench {

class WebSocketClient {
public:
    /// Connects and shakes hands; throws core::Error unless the answer is 101.
    WebSocketClient(std::uint16_t port, const std::string& target);

    /// The next bytes of binary messages, as they come; empty when the server closes. Valid until the
    /// next call.
    std::string_view receive();
    /// Whether something comes within `limit`.
    bool has_more(std::chrono::milliseconds limit) const;
    /// One binary message, of at most 125 bytes.
    void send(std::string_view bytes);

private:
    void fill();
    std::string_view buffered() const { return std::string_view{buffer_}.substr(begin_, end_ - begin_); }

    core::Fd socket_;
    std::string buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::uint64_t left_ = 0;  ///< of the message that is being read
};

}  // namespace carrel::bench
