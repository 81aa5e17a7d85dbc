#include "net/body.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace carrel::net {

namespace {

constexpr std::size_t chunk_buffer_bytes = 16uz * 1024;

[[noreturn]] void ended_early() {
    throw core::Error{core::Code::unavailable, "the other side broke off within the body"};
}

}  // namespace

BodyReader::BodyReader(std::shared_ptr<Wire> wire, BodyFrame frame)
    : wire_{std::move(wire)},
      frame_{frame},
      is_done_{frame.kind == BodyFrame::Kind::none ||
               (frame.kind == BodyFrame::Kind::length && frame.length == 0)} {}

std::optional<std::uint64_t> BodyReader::left() const {
    if (is_done_) return 0;
    if (frame_.kind == BodyFrame::Kind::length) return frame_.length;
    return std::nullopt;
}

Task<std::size_t> BodyReader::read(std::span<char> into) {
    if (is_done_ || into.empty()) co_return 0;
    if (is_broken_) ended_early();
    is_broken_ = true;  // until this read has ended well
    std::size_t count = 0;
    try {
        if (std::exchange(owes_continue_, false) && wire_->buffered().empty())
            co_await wire_->write("HTTP/1.1 100 Continue\r\n\r\n");
        count = co_await read_frame(into);
    } catch (const core::Error& error) {
        failure_ = error;
        throw;
    }
    wire_->unlimit_reading();
    is_broken_ = false;
    co_return count;
}

Task<std::size_t> BodyReader::read_frame(std::span<char> into) {
    if (patience_ > Wire::Clock::duration::zero()) wire_->limit_reading(patience_);
    if (frame_.kind == BodyFrame::Kind::chunked) co_return co_await read_chunks(into);
    if (frame_.kind == BodyFrame::Kind::length) co_return co_await read_counted(into);
    const auto count = co_await wire_->read(into);
    is_done_ = count == 0;
    co_return count;
}

Task<std::size_t> BodyReader::read_counted(std::span<char> into) {
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), frame_.length));
    const auto count = co_await wire_->read(into.first(most));
    if (count == 0) ended_early();
    frame_.length -= count;
    is_done_ = frame_.length == 0;
    co_return count;
}

Task<std::size_t> BodyReader::read_chunks(std::span<char> into) {
    for (;;) {
        // Large chunks go past the buffer, straight to the reader.
        if (wire_->buffered().empty() && chunks_.ready() > 0) {
            const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), chunks_.ready()));
            const auto count = co_await wire_->read(into.first(most));
            if (count == 0) ended_early();
            chunks_.skip(count);
            co_return count;
        }
        const auto step = core::value_or_throw(chunks_.next(wire_->buffered(), into.size()));
        const auto count = step.data.copy(into.data(), into.size());
        wire_->consume(step.consumed);
        is_done_ = chunks_.is_done();
        if (count > 0 || is_done_) co_return count;
        if (wire_->buffered().empty() && co_await wire_->fill(chunk_buffer_bytes) == 0) ended_early();
    }
}

}  // namespace carrel::net
