#include "net/websocket_client.hpp"

#include <algorithm>
#include <utility>

#include "core/error.hpp"
#include "net/answer.hpp"
#include "net/head_writer.hpp"
#include "net/websocket_handshake.hpp"

namespace carrel::net {

namespace {

constexpr std::size_t buffer_bytes = 64uz * 1024;
constexpr std::size_t head_bytes = 16uz * 1024;
constexpr std::size_t kept_of_cut = 1024;
/// Any key does: the answer to it shows that a WebSocket server speaks, and nothing is cached between.
constexpr auto our_key = "Y2FycmVsLWRlc2suLi4uLg==";

core::Error no_agreement(std::string_view why) {
    return {core::Code::unavailable, "the other side does not agree to a WebSocket: " + std::string{why}};
}

}  // namespace

Task<std::optional<Headers>> say_handshake(Wire& wire, std::string host, std::string path, Headers offered) {
    std::string head = "GET " + path + " HTTP/1.1\r\n";
    append_line(head, "Host", host);
    append_line(head, "Connection", "Upgrade");
    append_headers(head, offered);
    co_await wire.write(head + "\r\n");
    auto answer = co_await read_answer(wire, "GET", head_bytes);
    if (!answer || answer->status != 101) co_return std::nullopt;
    co_return std::move(answer->headers);
}

Task<std::unique_ptr<WebSocketClient>> WebSocketClient::open(std::shared_ptr<Wire> wire, std::string host,
                                                             std::string path, std::size_t message_bytes) {
    const Headers offer{
        {"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}, {"Sec-WebSocket-Key", our_key}};
    const auto answer = co_await say_handshake(*wire, std::move(host), std::move(path), offer);
    if (!answer) throw no_agreement("no 101 came");
    if (const auto judged = judge_acceptance(offer, *answer); !judged)
        throw no_agreement(judged.error().message());
    co_return std::make_unique<WebSocketClient>(std::move(wire), message_bytes);
}

WebSocketClient::WebSocketClient(std::shared_ptr<Wire> wire, std::size_t message_bytes)
    : wire_{std::move(wire)}, message_bytes_{message_bytes} {}

/// Nothing at the end of the connection, or when what comes is no frame.
Task<std::optional<FrameHead>> WebSocketClient::next_head() {
    for (;;) {
        const auto head = parse_server_frame(wire_->buffered());
        if (!head) co_return std::nullopt;
        if (*head) {
            wire_->consume((*head)->head_bytes);
            co_return *head;
        }
        if (co_await wire_->fill(buffer_bytes) == 0) co_return std::nullopt;
    }
}

/// Whether it came whole.
Task<bool> WebSocketClient::take_payload(std::uint64_t length, Received& message) {
    if (length > message_bytes_ - std::min(message_bytes_, message.data.size())) message.is_cut = true;
    const auto most = message.is_cut ? kept_of_cut : message_bytes_;
    if (!message.is_cut) message.data.reserve(message.data.size() + static_cast<std::size_t>(length));
    while (length > 0) {
        if (wire_->buffered().empty() && co_await wire_->fill(buffer_bytes) == 0) co_return false;
        const auto count = std::min<std::uint64_t>(length, wire_->buffered().size());
        const auto kept = std::min<std::uint64_t>(count, most - std::min(most, message.data.size()));
        message.data += wire_->buffered().substr(0, static_cast<std::size_t>(kept));
        wire_->consume(static_cast<std::size_t>(count));
        length -= count;
    }
    if (message.is_cut && message.data.size() > kept_of_cut) {
        message.data.resize(kept_of_cut);
        message.data.shrink_to_fit();
    }
    co_return true;
}

Task<std::optional<WebSocketClient::Received>> WebSocketClient::receive() {
    std::optional<Received> message;
    try {
        while (!has_ended_) {
            const auto head = co_await next_head();
            if (!head || head->opcode == Opcode::close) break;
            if (is_control(head->opcode)) {
                Received control;
                if (!co_await take_payload(head->length, control)) break;
                if (head->opcode == Opcode::ping) co_await answer_ping(control.data);
                continue;
            }
            if ((head->opcode == Opcode::continuation) != message.has_value()) break;
            if (!message) message.emplace().is_text = head->opcode == Opcode::text;
            if (!co_await take_payload(head->length, *message)) break;
            if (head->is_last) co_return message;
        }
    } catch (const core::Error&) {
        // broken off: the same as an end
    }
    close();
    co_return std::nullopt;
}

/// Reading never waits for another write: the other side may itself wait for us to read.
Task<> WebSocketClient::answer_ping(std::string_view payload) {
    std::string frame;
    append_client_frame(frame, Opcode::pong, payload);
    if (is_writing_)
        pong_ = std::move(frame);
    else
        co_await wire_->write(frame);
}

Task<> WebSocketClient::send_text(std::string_view text) {
    if (has_ended_) throw core::Error{core::Code::unavailable, "the WebSocket is closed"};
    std::string frame;
    append_client_frame(frame, Opcode::text, text);
    is_writing_ = true;
    try {
        co_await wire_->write(frame);
        if (!pong_.empty()) co_await wire_->write(std::exchange(pong_, {}));
    } catch (...) {
        close();  // half a frame may be out: nothing can follow it
        throw;
    }
    is_writing_ = false;
}

void WebSocketClient::close() {
    has_ended_ = true;
    wire_->close();
}

}  // namespace carrel::net
