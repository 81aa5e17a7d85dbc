// The chunked coding. Its own file: the one part of framing that keeps state.
#include <algorithm>

#include "net/framing.hpp"

namespace carrel::net {

namespace {

constexpr std::size_t most_digits = 15;  // 60 bits: no overflow, and more than anybody can send
constexpr std::size_t most_extension_bytes = 256;
constexpr std::size_t most_trailer_bytes = 8uz * 1024;

/// 16 when `byte` is no hexadecimal digit.
unsigned hex_value(char byte) {
    if (byte >= '0' && byte <= '9') return static_cast<unsigned>(byte - '0');
    if (byte >= 'a' && byte <= 'f') return static_cast<unsigned>(byte - 'a' + 10);
    if (byte >= 'A' && byte <= 'F') return static_cast<unsigned>(byte - 'A' + 10);
    return 16;
}

}  // namespace

core::Expected<ChunkDecoder::Step> ChunkDecoder::next(std::string_view bytes, std::size_t most) {
    Step step;
    while (step.consumed < bytes.size() && state_ != State::done) {
        if (state_ == State::data) {
            const auto count = std::min<std::uint64_t>(left_, most);
            step.data = bytes.substr(step.consumed, static_cast<std::size_t>(count));
            step.consumed += step.data.size();
            skip(step.data.size());
            return step;
        }
        if (auto taken = take(bytes[step.consumed]); !taken) return std::unexpected{std::move(taken.error())};
        ++step.consumed;
    }
    return step;
}

void ChunkDecoder::skip(std::uint64_t count) {
    left_ -= count;
    if (left_ == 0) state_ = State::data_cr;
}

core::Expected<void> ChunkDecoder::take(char byte) {
    switch (state_) {
        case State::size: return take_size(byte);
        case State::extension: return take_extension(byte);
        case State::size_lf: return take_size_end(byte);
        case State::data_cr: return expect(byte, '\r', State::data_lf);
        case State::data_lf: return expect(byte, '\n', State::size);
        case State::trailer: return take_trailer(byte);
        case State::data:
        case State::done: break;
    }
    return {};
}

core::Expected<void> ChunkDecoder::take_size(char byte) {
    if (const auto value = hex_value(byte); value < 16) {
        if (++digits_ > most_digits) return core::refuse("a chunk's size has too many digits");
        left_ = left_ * 16 + value;
        return {};
    }
    if (digits_ == 0 || (byte != '\r' && byte != ';'))
        return core::refuse("a chunk's size is not a hexadecimal number");
    state_ = byte == '\r' ? State::size_lf : State::extension;
    return {};
}

core::Expected<void> ChunkDecoder::take_extension(char byte) {
    if (byte == '\r') {
        state_ = State::size_lf;
        return {};
    }
    if (!is_header_value({&byte, 1})) return core::refuse("a chunk's extension has a control character");
    if (++overhead_ > most_extension_bytes) return core::refuse("a chunk's extension is too long");
    return {};
}

core::Expected<void> ChunkDecoder::take_size_end(char byte) {
    digits_ = 0;
    overhead_ = 0;
    return expect(byte, '\n', left_ == 0 ? State::trailer : State::data);
}

core::Expected<void> ChunkDecoder::expect(char byte, char wanted, State then) {
    if (byte != wanted) return core::refuse("a chunk does not end with CR LF where its size says");
    state_ = then;
    return {};
}

core::Expected<void> ChunkDecoder::take_trailer(char byte) {
    if (++overhead_ > most_trailer_bytes) return core::refuse("the trailers are too long");
    const bool after_cr = trailer_line_.ends_with('\r');
    if (after_cr != (byte == '\n')) return core::refuse("a trailer has a CR or LF alone");
    if (!after_cr) {
        trailer_line_ += byte;
        return {};
    }
    trailer_line_.pop_back();
    if (trailer_line_.empty()) {
        state_ = State::done;
        return {};
    }
    const auto colon = trailer_line_.find(':');
    if (colon == std::string::npos || !is_token(std::string_view{trailer_line_}.substr(0, colon)) ||
        !is_header_value(trailer_line_))
        return core::refuse("a trailer is not of the form \"name: value\"");
    trailer_line_.clear();
    return {};
}

}  // namespace carrel::net
