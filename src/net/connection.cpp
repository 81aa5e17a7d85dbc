#include "net/connection.hpp"

#include <fmt/format.h>

#include <chrono>

#include "core/error.hpp"
#include "core/log.hpp"

namespace carrel::net {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t linger_bytes = 16uz * 1024;
constexpr auto linger_time = 2s;

}  // namespace

Connection::Connection(Shared& shared, async::Executor executor, core::Fd socket, Peer peer, bool is_refused)
    : shared_{shared},
      wire_{std::make_shared<Wire>(std::move(executor), std::move(socket))},
      peer_{std::move(peer)},
      is_refused_{is_refused} {
    wire_->set_write_patience(shared_.limits.body_idle_time);
}

bool Connection::is_stranger() const {
    const bool is_known = is_known_ || (exchange_ && exchange_->is_known());
    return shared_.limits.strangers > 0 && !is_known;
}

void Connection::watch_client() {
    if (!exchange_) return;  // between requests somebody reads, and what comes ends the rest
    wire_->watch([rest = std::weak_ptr{shared_.rest}] {
        if (const auto known = rest.lock()) known->end();
    });
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
    exchange_.reset();
    wire_->close();
    if (failure) std::rethrow_exception(failure);
}

Task<bool> Connection::serve_next() {
    shared_.rest->end();  // there are limits of time that it does not know
    auto head = co_await read_head();
    wire_->unlimit_reading();
    if (!head) co_return false;
    co_return co_await serve_request(std::move(*head));
}

Task<std::optional<RequestHead>> Connection::read_head() {
    const auto limit = shared_.limits.header_bytes;
    wire_->limit_reading(shared_.limits.idle_time);
    bool is_first_line = true;
    for (std::size_t seen = 0;;) {
        // RFC 9112 §2.2: some clients send a line end too many after a body, but not two.
        if (is_first_line && wire_->buffered().starts_with("\r\n")) {
            wire_->consume(2);
            is_first_line = false;
        }
        const auto bytes = wire_->buffered();
        if (is_first_line && bytes == "\r") {
            wire_->limit_reading(shared_.limits.header_time);
            if (!co_await read_more_head()) co_return std::nullopt;
            continue;
        }
        const auto end = find_head_end(bytes, seen);
        if (!end) {
            co_await refuse(end.error());
            co_return std::nullopt;
        }
        if (*end && **end <= limit) co_return co_await take_head(**end);
        if (bytes.size() >= limit) {
            co_await refuse({core::Code::exhausted,
                             fmt::format("the request's head is larger than {} bytes", limit),
                             "head_too_large"});
            co_return std::nullopt;
        }
        if (seen == 0 && !bytes.empty()) wire_->limit_reading(shared_.limits.header_time);
        seen = bytes.size();
        if (!co_await read_more_head()) co_return std::nullopt;
        shared_.rest->end();
    }
}

Task<std::optional<RequestHead>> Connection::take_head(std::size_t end) {
    auto head = parse_request_head(wire_->buffered().substr(0, end));
    wire_->consume(end);
    if (head) co_return std::move(*head);
    co_await refuse(head.error());
    co_return std::nullopt;
}

Task<bool> Connection::read_more_head() {
    try {
        co_return co_await wire_->fill(shared_.limits.header_bytes) > 0;
    } catch (const core::Error& error) {
        if (error.code() != core::Code::timeout || wire_->buffered().empty()) co_return false;
    }
    co_await refuse({core::Code::timeout, "the request's head did not arrive in time", "request_timeout"});
    co_return false;
}

Task<> Connection::refuse(core::Error why) {
    co_await exchange_.emplace(shared_, wire_).refuse(why);
    exchange_.reset();
    co_await linger();
}

Task<bool> Connection::serve_request(RequestHead head) {
    auto& exchange = exchange_.emplace(shared_, wire_);
    const bool goes_on = co_await exchange.serve(std::move(head), peer_, is_refused_);
    const bool has_unread = exchange.has_unread_body() || !wire_->buffered().empty();
    is_known_ = is_known_ || exchange.is_known();
    exchange_.reset();
    idle_since_ = Wire::Clock::now();
    if (!goes_on && has_unread) co_await linger();
    co_return goes_on;
}

Task<> Connection::linger() {
    wire_->finish_writing();
    wire_->limit_reading(linger_time);
    const auto piece = std::make_unique_for_overwrite<char[]>(linger_bytes);
    while (co_await wire_->read({piece.get(), linger_bytes}) > 0);
}

}  // namespace carrel::net
