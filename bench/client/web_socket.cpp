#include "bench/client/web_socket.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "core/error.hpp"
#include "core/sys.hpp"

namespace carrel::bench {

namespace {

constexpr std::size_t buffer_bytes = std::size_t{256} << 10;

}  // namespace

WebSocketClient::WebSocketClient(std::uint16_t port, const std::string& target)
    : socket_{core::checked("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))},
      buffer_(buffer_bytes, '\0') {
    sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    core::checked("connect to the server",
                  ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
    const int yes = 1;
    ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    core::write_all(socket_.get(), fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
                                               "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                                               target));
    std::size_t end = 0;
    while ((end = buffered().find("\r\n\r\n")) == std::string_view::npos) fill();
    if (!buffered().starts_with("HTTP/1.1 101"))
        throw core::Error{core::Code::internal, fmt::format("no WebSocket: {}", buffered())};
    begin_ += end + 4;
}

void WebSocketClient::fill() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (end_ == buffer_.size()) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    const auto count =
        core::checked("receive", ::recv(socket_.get(), buffer_.data() + end_, buffer_.size() - end_, 0));
    if (count == 0) throw core::Error{core::Code::unavailable, "the WebSocket was cut off"};
    end_ += static_cast<std::size_t>(count);
}

bool WebSocketClient::has_more(std::chrono::milliseconds limit) const {
    if (begin_ != end_) return true;
    pollfd waiting{socket_.get(), POLLIN, 0};
    return ::poll(&waiting, 1, static_cast<int>(limit.count())) == 1;
}

void WebSocketClient::send(std::string_view bytes) {
    // The mask may be zero: it protects proxies, of which there are none here (RFC 6455 §5.3).
    std::string frame{'\x82', static_cast<char>(0x80 | bytes.size()), 0, 0, 0, 0};
    core::write_all(socket_.get(), frame.append(bytes));
}

std::string_view WebSocketClient::receive() {
    while (left_ == 0) {
        // A server's frame has no mask (RFC 6455 §5.2).
        while (end_ - begin_ < 2) fill();
        const auto opcode = static_cast<unsigned>(buffered()[0]) & 0x0fu;
        const auto form = static_cast<unsigned>(buffered()[1]) & 0x7fu;
        const std::size_t width = form == 127 ? 8 : form == 126 ? 2 : 0;
        while (end_ - begin_ < 2 + width) fill();
        std::uint64_t length = width == 0 ? form : 0;
        for (std::size_t i = 0; i < width; ++i)
            length = length << 8 | static_cast<unsigned char>(buffered()[2 + i]);
        begin_ += 2 + width;
        if (opcode == 8) return {};
        if (opcode == 2) {
            left_ = length;
            continue;
        }
        while (end_ - begin_ < length) fill();
        begin_ += static_cast<std::size_t>(length);
    }
    if (begin_ == end_) fill();
    const auto piece =
        buffered().substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, end_ - begin_)));
    begin_ += piece.size();
    left_ -= piece.size();
    return piece;
}

}  // namespace carrel::bench
