#include "net/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <chrono>

#include "core/error.hpp"
#include "core/log.hpp"
#include "net/stream.hpp"

namespace carrel::net {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t one_write_bytes = 16uz * 1024;
constexpr auto linger_time = 2s;

/// The body as a handler sees it; the connection looks at the reader too, to know what is left.
class RequestBody final : public Source {
public:
    explicit RequestBody(std::shared_ptr<BodyReader> reader) : reader_{std::move(reader)} {}
    Task<std::size_t> read(std::span<char> into) override { return reader_->read(into); }

private:
    std::shared_ptr<BodyReader> reader_;
};

Response broken_body_answer(const core::Error& failure, const Request& request) {
    if (failure.code() == core::Code::timeout)
        return problem_response(408, "timeout", "the body of the request did not arrive in time", request.id);
    return problem_response(400, "invalid", "the body of the request: " + failure.message(), request.id);
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

Connection::Connection(Shared& shared, async::Executor executor, core::Fd socket, Peer peer, bool is_refused)
    : shared_{shared},
      wire_{std::make_shared<Wire>(std::move(executor), std::move(socket))},
      peer_{std::move(peer)},
      is_refused_{is_refused} {
    wire_->set_write_patience(shared_.limits.body_idle_time);
}

Task<> Connection::serve() {
    std::exception_ptr failure;
    try {
        while (co_await serve_next());
    } catch (const core::Error& error) {
        // Clients come and go; what else cuts a stream off is worth a line.
        const bool is_usual = error.code() == core::Code::unavailable || error.code() == core::Code::timeout;
        core::write_log(is_usual ? core::Level::debug : core::Level::warning,
                        "a connection was cut off: " + error.message());
    } catch (...) {
        failure = std::current_exception();
    }
    wire_->close();
    if (failure) std::rethrow_exception(failure);
}

Task<bool> Connection::serve_next() {
    auto head = co_await read_head();
    wire_->unlimit_reading();
    if (!head) co_return false;
    co_return co_await serve_request(std::move(*head));
}

Task<std::optional<RequestHead>> Connection::read_head() {
    const auto limit = shared_.limits.header_bytes;
    wire_->limit_reading(shared_.limits.idle_time);
    // RFC 9112 §2.2: some clients send a line end too many after a body.
    if (wire_->buffered().starts_with("\r\n")) wire_->consume(2);
    for (std::size_t seen = 0;;) {
        const auto bytes = wire_->buffered();
        const auto end = find_head_end(bytes, seen);
        if (!end) {
            co_await refuse(400, "invalid", end.error().message());
            co_return std::nullopt;
        }
        if (*end && **end <= limit) co_return co_await take_head(**end);
        if (bytes.size() >= limit) {
            co_await refuse(431, "invalid", fmt::format("the request's head is larger than {} bytes", limit));
            co_return std::nullopt;
        }
        if (seen == 0 && !bytes.empty()) wire_->limit_reading(shared_.limits.header_time);
        seen = bytes.size();
        if (!co_await read_more_head()) co_return std::nullopt;
    }
}

Task<std::optional<RequestHead>> Connection::take_head(std::size_t end) {
    auto head = parse_request_head(wire_->buffered().substr(0, end));
    wire_->consume(end);
    if (head) co_return std::move(*head);
    const bool is_too_much = head.error().code() == core::Code::exhausted;
    co_await refuse(is_too_much ? 431 : 400, "invalid", head.error().message());
    co_return std::nullopt;
}

Task<bool> Connection::read_more_head() {
    try {
        co_return co_await wire_->fill(shared_.limits.header_bytes) > 0;
    } catch (const core::Error& error) {
        if (error.code() != core::Code::timeout || wire_->buffered().empty()) co_return false;
    }
    co_await refuse(408, "timeout", "the request's head did not arrive in time");
    co_return false;
}

Task<bool> Connection::refuse(int status, std::string_view code, std::string_view detail) {
    const Request nobody;
    co_await send(nobody, problem_response(status, code, detail), false);
    co_await linger();
    co_return false;
}

Request Connection::make_request(RequestHead head) {
    Request request;
    request.method = std::move(head.method);
    request.headers = std::move(head.headers);
    request.peer = peer_;
    request.id = fmt::format("req_{}{:06x}", shared_.id_prefix, ++shared_.id_count);
    body_ = std::make_shared<BodyReader>(wire_, head.body);
    body_->set_patience(shared_.limits.body_idle_time);
    if (head.expects_continue && !body_->is_done()) body_->expect_continue();
    request.body = std::make_unique<RequestBody>(body_);
    request.body_length = body_->left();
    speaks_chunks_ = head.minor_version == 1;
    return request;
}

Task<bool> Connection::serve_request(RequestHead head) {
    bool keep_alive = head.keep_alive && !is_refused_;
    auto target = std::move(head.target);
    auto request = make_request(std::move(head));
    Response response;
    if (!set_target(request, std::move(target)))
        response = problem_response(400, "invalid", "the target has a bad percent escape", request.id);
    else if (is_refused_)
        response = busy_answer(request);
    else
        response = co_await ask_handler(request);

    if (body_->failure()) response = broken_body_answer(*body_->failure(), request);
    if (response.status == 101 && !body_->is_done())
        response = problem_response(400, "invalid", "an upgrade must have no body", request.id);
    // What the handler left of the body must be read before the next request, if that is affordable.
    keep_alive = keep_alive && !body_->is_broken() && !body_->owes_continue() &&
                 body_->left().value_or(0) <= shared_.limits.drain_bytes;
    keep_alive = co_await send(request, std::move(response), keep_alive);
    if (keep_alive && co_await drain()) co_return true;
    if (!body_->is_done() || !wire_->buffered().empty()) co_await linger();
    co_return false;
}

Response Connection::busy_answer(const Request& request) const {
    auto response = problem_response(
        503, "exhausted",
        fmt::format("there are {} connections already, which is the limit", shared_.limits.connections),
        request.id);
    response.headers.add("Retry-After", "1");
    return response;
}

Task<Response> Connection::ask_handler(Request& request) {
    std::exception_ptr failure;
    asked_ = &request;
    const auto forget = std::unique_ptr<const Request*, void (*)(const Request**)>{
        &asked_, [](const Request** asked) { *asked = nullptr; }};
    try {
        co_return co_await shared_.handler.handle(request);
    } catch (...) {
        failure = std::current_exception();
    }
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    if (state.cancelled() != boost::asio::cancellation_type::none) std::rethrow_exception(failure);
    if (!body_->failure()) core::log_error("request {} failed: {}", request.id, core::message_of(failure));
    co_return problem_response(500, "internal", "the server failed to answer; its log says why", request.id);
}

std::string Connection::begin_head(const Request& request, Response& response) {
    const auto write = [&] {
        std::string head;
        head.reserve(512);
        append_status_line(head, response.status);
        head += shared_.date.text();
        if (!request.id.empty()) append_line(head, "X-Request-Id", request.id);
        append_headers(head, response.headers);
        return head;
    };
    try {
        return write();
    } catch (const core::Error& error) {
        core::log_error("request {} failed: {}", request.id, error.message());
        response =
            problem_response(500, "internal", "the server failed to answer; its log says why", request.id);
        return write();
    }
}

Task<bool> Connection::send(const Request& request, Response response, bool keep_alive) {
    auto head = begin_head(request, response);
    if (response.status == 101) co_return co_await upgrade(std::move(response), std::move(head));
    const bool has_body = may_have_body(response.status);
    const bool is_chunked = has_body && response.source && !response.length && speaks_chunks_;
    if (has_body && response.source && !response.length && !speaks_chunks_) keep_alive = false;

    if (is_chunked)
        append_line(head, "Transfer-Encoding", "chunked");
    else if (has_body && (response.length || !response.source))
        append_line(head, "Content-Length",
                    fmt::format("{}", response.length.value_or(response.content.size())));
    append_line(head, "Connection", keep_alive ? "keep-alive" : "close");
    head += "\r\n";

    if (!has_body || request.method == "HEAD") {
        co_await wire_->write(head);
    } else if (response.source) {
        co_await send_stream(std::move(response), std::move(head), is_chunked);
    } else if (response.content.size() <= one_write_bytes) {
        co_await wire_->write(head.append(response.content));
    } else {
        co_await wire_->write(head, response.content);
    }
    co_return keep_alive;
}

Task<> Connection::send_stream(Response response, std::string head, bool is_chunked) {
    is_streaming_ = true;
    BodyWriter writer{*wire_, is_chunked ? std::nullopt : response.length, is_chunked};
    // An endless stream's first piece may be long in coming: its head goes at once.
    if (is_chunked || !response.length) co_await wire_->write(std::exchange(head, {}));
    co_await writer.send(*response.source, std::move(head));
    is_streaming_ = false;
}

Task<bool> Connection::upgrade(Response response, std::string head) {
    append_line(head, "Connection", "Upgrade");
    head += "\r\n";
    co_await wire_->write(head);
    auto stream = make_stream(wire_);
    if (response.upgrade)
        co_await response.upgrade(std::move(stream));
    else if (response.stream)
        co_await relay(*response.stream, *stream);
    co_return false;
}

Task<bool> Connection::drain() {
    if (body_->is_done()) co_return true;
    const auto piece = std::make_unique_for_overwrite<char[]>(one_write_bytes);
    std::uint64_t drained = 0;
    while (drained <= shared_.limits.drain_bytes) {
        const auto count = co_await body_->read({piece.get(), one_write_bytes});
        if (count == 0) co_return true;
        drained += count;
    }
    co_return false;
}

Task<> Connection::linger() {
    wire_->finish_writing();
    wire_->limit_reading(linger_time);
    const auto piece = std::make_unique_for_overwrite<char[]>(one_write_bytes);
    while (co_await wire_->read({piece.get(), one_write_bytes}) > 0);
}

}  // namespace carrel::net
