#include "bench/client/http_client.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "core/error.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::bench {

namespace {

using core::checked;
using core::Code;
using core::Error;

/// The value of a header in a head that ends with an empty line; names are ours to know.
std::optional<std::string_view> find_header(std::string_view head, std::string_view name) {
    for (const auto line : core::split(head, '\n'))
        if (line.size() > name.size() && line[name.size()] == ':' &&
            core::equals_ignoring_case(line.substr(0, name.size()), name))
            return core::trim(line.substr(name.size() + 1));
    return std::nullopt;
}

}  // namespace

HttpClient HttpClient::to_port(std::uint16_t port) {
    core::Fd socket{checked("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
    const int yes = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    checked("connect to the server",
            ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
    return HttpClient{std::move(socket)};
}

HttpClient HttpClient::to_socket(const std::string& path) {
    core::Fd socket{checked("socket", ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))};
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    checked("connect to " + path,
            ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
    return HttpClient{std::move(socket)};
}

void HttpClient::fill() {
    std::array<char, 256 * 1024> piece;
    const auto count = checked("receive", ::recv(socket_.get(), piece.data(), piece.size(), 0));
    if (count == 0) throw Error{Code::unavailable, "the connection was closed in the middle of an answer"};
    buffer_.append(piece.data(), static_cast<std::size_t>(count));
}

Answer HttpClient::ask(std::string_view method, std::string_view target, std::string_view json,
                       std::string_view accept) {
    auto text = fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\n", method, target);
    if (!accept.empty()) text += fmt::format("Accept: {}\r\n", accept);
    if (!json.empty())
        text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", json.size());
    else if (method != "GET")
        text += "Content-Length: 0\r\n";
    text.append("\r\n").append(json);
    core::write_all(socket_.get(), text);

    auto head = read_head(fmt::format("{} {}", method, target));
    while (buffer_.size() < head.length) fill();
    head.answer.body = buffer_.substr(0, head.length);
    buffer_.erase(0, head.length);
    return std::move(head.answer);
}

HttpClient::Head HttpClient::read_head(std::string_view what) {
    std::size_t end = std::string::npos;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) fill();
    const std::string_view text{buffer_.data(), end + 2};
    Head head;
    auto& status = head.answer.status;
    status = static_cast<int>(core::parse_unsigned(text.substr(text.find(' ') + 1, 3)).value_or(0));
    head.answer.server_timing = find_header(text, "Server-Timing").value_or("");
    const bool has_none = status == 204 || status == 304;
    const auto length =
        core::parse_unsigned(find_header(text, "Content-Length").value_or(has_none ? "0" : ""));
    if (!length) throw Error{Code::internal, fmt::format("{}: an answer without a length", what)};
    head.length = *length;
    buffer_.erase(0, end + 4);
    return head;
}

void HttpClient::send_bytes(std::string_view target, std::uint64_t size) {
    core::write_all(socket_.get(), fmt::format("PUT {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
                                               "application/octet-stream\r\nContent-Length: {}\r\n\r\n",
                                               target, size));
    const std::string piece(std::size_t{1} << 20, 'x');
    for (std::uint64_t left = size; left > 0;) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, piece.size()));
        core::write_all(socket_.get(), std::string_view{piece}.substr(0, count));
        left -= count;
    }
    const auto head = read_head(target);
    while (buffer_.size() < head.length) fill();
    if (head.answer.status / 100 != 2)
        throw Error{Code::internal, fmt::format("PUT {} was answered with {}", target, buffer_)};
    buffer_.erase(0, head.length);
}

void HttpClient::fetch_bytes(std::string_view target, std::uint64_t size) {
    core::write_all(socket_.get(), fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", target));
    const auto head = read_head(target);
    if (head.answer.status != 200 || head.length != size)
        throw Error{Code::internal, fmt::format("GET {} was answered with {}", target, head.answer.status)};
    for (std::uint64_t left = size - std::min<std::uint64_t>(size, buffer_.size()); left > 0;) {
        buffer_.clear();
        fill();
        left -= std::min<std::uint64_t>(left, buffer_.size());
    }
    buffer_.clear();
}

Answer HttpClient::must(std::string_view method, std::string_view target, std::string_view json,
                        std::string_view accept) {
    auto answer = ask(method, target, json, accept);
    if (answer.status / 100 != 2)
        throw Error{Code::internal, fmt::format("{} {} was answered with {}: {}", method, target,
                                                answer.status, answer.body)};
    return answer;
}

}  // namespace carrel::bench
