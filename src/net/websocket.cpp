#include "net/websocket.hpp"

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <utility>

#include "async/gate.hpp"
#include "async/scope.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/text.hpp"
#include "net/websocket_frames.hpp"
#include "net/websocket_handshake.hpp"

namespace carrel::net {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t read_bytes = 16uz * 1024;
constexpr auto farewell_time = 2s;  ///< for the client to answer our goodbye
constexpr int most_unanswered = 2;  ///< pings
constexpr std::size_t kept_bytes = 64uz * 1024;

enum CloseCode : std::uint16_t {
    normal = 1000,
    protocol_error = 1002,
    not_text = 1007,
    too_large = 1009,
    failed = 1011
};

}  // namespace

struct WebSocket::State {
    State(async::Executor executor, std::unique_ptr<Stream> connection, std::string agreed,
          WebSocketLimits bounds)
        : stream{std::move(connection)},
          subprotocol{std::move(agreed)},
          limits{bounds},
          written{executor},
          leaving{executor},
          over{executor} {}

    /// Whether more came; false at the end of the connection, however it ended.
    Task<bool> fill();
    /// The head of the next frame, with its whole payload buffered behind it.
    Task<std::optional<FrameHead>> next_frame();
    std::string take_payload(const FrameHead& head);
    /// Whether the connection goes on.
    Task<bool> take_control(Opcode opcode, std::string payload);
    Task<std::optional<Message>> receive();

    Task<> send(Opcode opcode, std::string_view payload);
    Task<> close(std::uint16_t code, std::string reason);
    /// Until the client has ended too: unread input would make the kernel reset the connection before
    /// the client has read our goodbye.
    Task<> discard();
    void end() {
        has_ended = true;
        over.notify_all();
    }
    /// Pings, and cuts off who is silent. Runs as long as the connection.
    Task<> keep_alive();

    std::unique_ptr<Stream> stream;
    std::string subprotocol;
    WebSocketLimits limits;
    async::Gate written;  ///< a write has ended
    async::Gate leaving;  ///< goodbye was said
    async::Gate over;     ///< has_ended
    std::string input;
    std::size_t place = 0;  ///< what of `input` is done with
    std::string output;
    int unanswered =
        0;  ///< pings since the client was heard; not a time, as we may have stood still ourselves
    std::size_t message_bytes = 0;  ///< of the message that is being put together
    bool is_writing = false;
    bool said_goodbye = false;
    bool heard_goodbye = false;  ///< or the end of the connection
    bool is_listening = false;
    bool has_ended = false;
};

Task<bool> WebSocket::State::fill() {
    input.erase(0, std::exchange(place, 0));
    const auto before = input.size();
    input.resize(before + read_bytes);
    std::size_t count = 0;
    unanswered = 0;
    is_listening = true;
    try {
        count = co_await stream->read(std::span{input}.subspan(before));
    } catch (const core::Error&) {
        count = 0;
    }
    is_listening = false;
    input.resize(before + count);
    unanswered = 0;
    heard_goodbye = heard_goodbye || count == 0;
    co_return count > 0;
}

Task<std::optional<FrameHead>> WebSocket::State::next_frame() {
    for (;;) {
        const auto head = parse_client_frame(std::string_view{input}.substr(place));
        if (!head) {
            co_await close(protocol_error, head.error().message());
            co_return std::nullopt;
        }
        if (*head && !is_control((*head)->opcode) && (*head)->length > limits.message_bytes - message_bytes) {
            co_await close(too_large, "the message is too large");
            co_return std::nullopt;
        }
        if (*head && input.size() - place >= (*head)->head_bytes + (*head)->length) co_return *head;
        if (!co_await fill()) co_return std::nullopt;
    }
}

std::string WebSocket::State::take_payload(const FrameHead& head) {
    auto payload = input.substr(place + head.head_bytes, static_cast<std::size_t>(head.length));
    place += head.head_bytes + payload.size();
    unmask(payload, head.mask);
    return payload;
}

Task<bool> WebSocket::State::take_control(Opcode opcode, std::string payload) {
    if (opcode == Opcode::pong) co_return true;
    if (opcode == Opcode::ping) {
        if (!said_goodbye) co_await send(Opcode::pong, payload);
        co_return true;
    }
    heard_goodbye = true;
    const auto farewell = parse_farewell(payload);
    // 1005 says that no code was given, and must not itself be sent.
    const auto code = farewell && farewell->code != 1005 ? farewell->code : std::uint16_t{normal};
    co_await close(farewell ? code : std::uint16_t{protocol_error}, {});
    co_return false;
}

Task<std::optional<Message>> WebSocket::State::receive() {
    std::optional<Message> message;
    message_bytes = 0;
    while (!has_ended) {
        const auto head = co_await next_frame();
        if (!head) break;
        auto payload = take_payload(*head);
        if (is_control(head->opcode)) {
            if (!co_await take_control(head->opcode, std::move(payload))) break;
            continue;
        }
        if ((head->opcode == Opcode::continuation) != message.has_value()) {
            co_await close(protocol_error, "a message begins within another, or goes on without a beginning");
            break;
        }
        if (!message) message.emplace(head->opcode == Opcode::text, std::string{});
        message->data += payload;
        message_bytes = message->data.size();
        if (!head->is_last) continue;
        if (!message->is_text || core::is_utf8(message->data)) co_return message;
        co_await close(not_text, "a text message is not UTF-8");
        break;
    }
    end();
    co_return std::nullopt;
}

Task<> WebSocket::State::send(Opcode opcode, std::string_view payload) {
    while (is_writing) co_await written.wait();
    if (said_goodbye || has_ended) throw core::Error{core::Code::unavailable, "the WebSocket is closed"};
    is_writing = true;
    said_goodbye = opcode == Opcode::close;
    std::exception_ptr failure;
    try {
        output.clear();
        append_frame(output, opcode, payload);
        co_await stream->write(output);
    } catch (...) {
        failure = std::current_exception();
        stream->close();  // half a frame may be out: nothing can follow it
    }
    if (output.capacity() > kept_bytes) output = {};
    is_writing = false;
    written.notify_all();
    if (said_goodbye) leaving.notify_all();
    if (failure) std::rethrow_exception(failure);
}

Task<> WebSocket::State::close(std::uint16_t code, std::string reason) {
    if (said_goodbye || has_ended) co_return;
    try {
        co_await send(Opcode::close, make_farewell(code, reason));
    } catch (const core::Error&) {
        end();  // it was closed already, or the client has gone: the same in the end
    }
}

Task<> WebSocket::State::keep_alive() {
    try {
        while (!said_goodbye) {
            if (co_await leaving.wait_for(limits.ping_every)) break;
            if (is_listening && unanswered++ == most_unanswered) break;
            co_await send(Opcode::ping, {});
        }
        if (said_goodbye) co_await async::pause(farewell_time);
    } catch (const core::Error&) {
        // It has ended between two pings.
    }
    end();
    stream->close();
}

Task<> WebSocket::State::discard() {
    while (!heard_goodbye && co_await fill()) place = input.size();
}

WebSocket::WebSocket(std::unique_ptr<State> state) : state_{std::move(state)} {}
WebSocket::~WebSocket() = default;

Task<std::optional<Message>> WebSocket::receive() { return state_->receive(); }
Task<> WebSocket::send_binary(std::string_view bytes) { return state_->send(Opcode::binary, bytes); }
Task<> WebSocket::send_text(std::string_view text) { return state_->send(Opcode::text, text); }
Task<> WebSocket::close(std::uint16_t code, std::string reason) {
    return state_->close(code, std::move(reason));
}
Task<> WebSocket::ended() {
    while (!state_->has_ended) co_await state_->over.wait();
}
const std::string& WebSocket::subprotocol() const { return state_->subprotocol; }

namespace {

using Serve = std::function<Task<>(WebSocket&)>;

std::string agree(const Request& request, const std::vector<std::string>& subprotocols) {
    for (const auto& offer : subprotocols)
        if (request.headers.has_token("Sec-WebSocket-Protocol", offer)) return offer;
    return {};
}

/// `serve` to its end, then a goodbye that the client has a moment to answer.
Task<> serve_to_end(WebSocket& socket, const Serve& serve) {
    std::exception_ptr failure;
    try {
        co_await serve(socket);
    } catch (...) {
        failure = std::current_exception();
    }
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    if (failure && state.cancelled() != boost::asio::cancellation_type::none) std::rethrow_exception(failure);
    if (failure) core::log_warning("a WebSocket failed: {}", core::message_of(failure));
    co_await socket.close(failure ? failed : normal);
    while (co_await socket.receive());
}

Task<> run_websocket(std::unique_ptr<Stream> stream, std::string agreed, WebSocketLimits limits,
                     Serve serve) {
    const auto executor = co_await boost::asio::this_coro::executor;
    auto made = std::make_unique<WebSocket::State>(executor, std::move(stream), std::move(agreed), limits);
    auto& state = *made;
    WebSocket socket{std::move(made)};
    async::Scope scope{executor};
    scope.start("keeping a WebSocket alive", state.keep_alive());
    std::exception_ptr failure;
    try {
        co_await serve_to_end(socket, serve);
        co_await state.discard();
    } catch (...) {
        failure = std::current_exception();
    }
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    state.stream->close();
    co_await scope.close();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

Response accept_websocket(const Request& request, std::vector<std::string> subprotocols,
                          WebSocketLimits limits, Serve serve) {
    require_handshake(request);
    auto agreed = agree(request, subprotocols);
    auto headers = acceptance_headers(request, agreed);
    return upgrade_response(std::move(headers),
                            [agreed = std::move(agreed), limits,
                             serve = std::move(serve)](std::unique_ptr<Stream> stream) -> Task<> {
                                return run_websocket(std::move(stream), agreed, limits, serve);
                            });
}

}  // namespace carrel::net
