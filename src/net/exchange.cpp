#include "net/exchange.hpp"

#include <fmt/format.h>

#include <boost/asio/cancellation_state.hpp>

#include "core/log.hpp"
#include "net/problem.hpp"
#include "net/stream.hpp"

namespace carrel::net {

namespace {

using core::Code;
using core::Error;

constexpr std::size_t one_write_bytes = 16uz * 1024;

/// The body as a handler sees it; the exchange looks at the reader too, to know what is left.
class RequestBody final : public Source {
public:
    explicit RequestBody(std::shared_ptr<BodyReader> reader) : reader_{std::move(reader)} {}
    Task<std::size_t> read(std::span<char> into) override { return reader_->read(into); }

private:
    std::shared_ptr<BodyReader> reader_;
};

Error broken_body(const Error& failure) {
    if (failure.code() == Code::timeout)
        return {Code::timeout, "the body of the request did not arrive in time", "request_timeout"};
    return {Code::invalid, "the body of the request: " + failure.message()};
}

Error busy() {
    return {Code::exhausted,
            "there are as many connections as are served at a time, in all or from one address",
            "too_many_connections"};
}

Error failed() { return {Code::internal, "the server failed to answer; its log says why"}; }

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

Exchange::Exchange(Shared& shared, std::shared_ptr<Wire> wire)
    : shared_{shared}, wire_{std::move(wire)}, body_{std::make_shared<BodyReader>(wire_, BodyFrame{})} {}

bool Exchange::ends_with_client() const {
    return stage_ == Stage::streaming || (stage_ == Stage::handling && request_.may_be_dropped);
}

Task<bool> Exchange::serve(RequestHead head, Peer peer, bool is_refused) {
    const bool wants_more = head.keep_alive && !is_refused;
    const bool has_target = take(std::move(head), std::move(peer));
    auto response = co_await answer(has_target, is_refused);
    keep_alive_ = wants_more && can_drain();
    co_await send(std::move(response));
    if (!keep_alive_) co_return false;
    co_return co_await drain();
}

Task<> Exchange::refuse(const Error& why) { return send(problem_response(why)); }

bool Exchange::take(RequestHead head, Peer peer) {
    request_.method = std::move(head.method);
    request_.headers = std::move(head.headers);
    request_.peer = std::move(peer);
    request_.id = fmt::format("req_{}{:06x}", shared_.id_prefix, ++shared_.id_count);
    body_ = std::make_shared<BodyReader>(wire_, head.body);
    body_->set_patience(shared_.limits.body_idle_time);
    if (head.expects_continue && !body_->is_done()) body_->expect_continue();
    request_.body = std::make_unique<RequestBody>(body_);
    request_.body_length = body_->left();
    request_.share = std::make_shared<BodyShare>(shared_.bodies);
    request_.hang_up = [known = std::weak_ptr{wire_}] {
        if (const auto wire = known.lock()) wire->close();
    };
    // RFC 9110 §7.8: HTTP/1.0 knows no upgrade, whatever the request says.
    if (head.minor_version == 0) request_.headers.remove("Upgrade");
    speaks_chunks_ = head.minor_version == 1;
    return set_target(request_, std::move(head.target));
}

Task<Response> Exchange::answer(bool has_target, bool is_refused) {
    const auto refuse_by = [this](const Error& error) { return problem_response(error, request_.id); };
    if (!has_target) co_return refuse_by({Code::invalid, "the target has a bad percent escape"});
    const auto is_always_answered = shared_.limits.is_always_answered;
    if (is_refused && !(is_always_answered && is_always_answered(request_))) {
        auto response = refuse_by(busy());
        response.headers.add("Retry-After", "1");
        co_return response;
    }
    auto response = co_await ask_handler();
    if (body_->failure()) co_return refuse_by(broken_body(*body_->failure()));
    if (response.is_upgrade() && has_unread_body())
        co_return refuse_by({Code::invalid, "an upgrade must have no body"});
    co_return response;
}

Task<Response> Exchange::ask_handler() {
    std::exception_ptr failure;
    stage_ = Stage::handling;
    try {
        auto response = co_await shared_.handler.handle(request_);
        stage_ = Stage::sending;
        co_return response;
    } catch (...) {
        failure = std::current_exception();
    }
    stage_ = Stage::sending;
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    if (state.cancelled() != boost::asio::cancellation_type::none) std::rethrow_exception(failure);
    if (!body_->failure()) core::log_error("request {} failed: {}", request_.id, core::message_of(failure));
    co_return problem_response(failed(), request_.id);
}

bool Exchange::can_drain() const {
    // Of chunks nobody knows how many are to come: what could not be kept is not promised.
    const auto left = body_->left();
    return !body_->is_broken() && !body_->owes_continue() && left && *left <= shared_.limits.drain_bytes;
}

Task<bool> Exchange::drain() {
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

std::string Exchange::make_head(Response& response) {
    const auto write = [&] {
        if ((response.status == 101) != response.is_upgrade())
            throw Error{Code::internal, "an answer's status and body disagree about an upgrade"};
        std::string head;
        head.reserve(512);
        append_status_line(head, response.status);
        head += shared_.date.text();
        if (!request_.id.empty()) append_line(head, "X-Request-Id", request_.id);
        append_headers(head, response.headers);
        return head;
    };
    try {
        return write();
    } catch (const Error& error) {
        core::log_error("request {} failed: {}", request_.id, error.message());
        response = problem_response(failed(), request_.id);
        return write();
    }
}

Task<> Exchange::send(Response response) {
    auto head = make_head(response);
    if (response.is_upgrade()) {
        keep_alive_ = false;
        co_await upgrade(std::move(response), std::move(head));
        co_return;
    }
    const bool has_body = may_have_body(response.status);
    const auto length = response.length();
    const bool is_chunked = has_body && !length && speaks_chunks_;
    if (has_body && !length && !speaks_chunks_) keep_alive_ = false;

    if (is_chunked) append_line(head, "Transfer-Encoding", "chunked");
    if (has_body && length) append_line(head, "Content-Length", fmt::format("{}", *length));
    append_line(head, "Connection", keep_alive_ ? "keep-alive" : "close");
    head += "\r\n";
    const auto& text = response.text();
    if (!has_body || request_.method == "HEAD")
        co_await wire_->write(head);
    else if (auto* streamed = std::get_if<StreamedBody>(&response.body))
        co_await send_stream(std::move(*streamed), std::move(head));
    else if (text.size() <= one_write_bytes)
        co_await wire_->write(head.append(text));
    else
        co_await wire_->write(head, text);
}

Task<> Exchange::send_stream(StreamedBody streamed, std::string head) {
    stage_ = Stage::streaming;
    BodyWriter writer{*wire_, streamed.length, !streamed.length && speaks_chunks_};
    // An endless stream's first piece may be long in coming: its head goes at once.
    if (!streamed.length) co_await wire_->write(std::exchange(head, {}));
    co_await writer.send(*streamed.source, std::move(head));
    stage_ = Stage::sending;
}

Task<> Exchange::upgrade(Response response, std::string head) {
    append_line(head, "Connection", "Upgrade");
    head += "\r\n";
    co_await wire_->write(head);
    auto stream = make_stream(wire_);
    if (const auto connection = response.take_connection())
        co_await relay(*connection, *stream);
    else
        co_await std::get<Upgrade>(response.body)(std::move(stream));
}

}  // namespace carrel::net
