#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "net/body.hpp"

namespace carrel::net {

namespace {

constexpr std::size_t largest_piece = 64uz * 1024;
constexpr std::size_t size_room = 8;  // "10000\r\n" is the longest size line of a piece
constexpr std::size_t end_room = 2;
constexpr std::size_t joined_bytes = 16uz * 1024;

}  // namespace

BodyWriter::BodyWriter(Wire& wire, std::optional<std::uint64_t> length, bool is_chunked)
    : wire_{wire},
      left_{length},
      is_chunked_{is_chunked},
      capacity_{
          static_cast<std::size_t>(std::min<std::uint64_t>(length.value_or(largest_piece), largest_piece))},
      piece_{std::make_unique_for_overwrite<char[]>(size_room + capacity_ + end_room)} {}

Task<> BodyWriter::send(Source& source, std::string before) {
    std::size_t turn = 0;
    for (;;) {
        const auto count = co_await read_piece(source);
        if (count == 0) break;
        co_await write_piece(count, std::exchange(before, {}));
        turn += count;
        if (turn < turn_bytes) continue;
        turn = 0;
        co_await async::yield_turn();
    }
    if (is_chunked_) before += "0\r\n\r\n";
    co_await wire_.write(before);
}

Task<std::size_t> BodyWriter::read_piece(Source& source) {
    if (left_ == 0) co_return 0;
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(left_.value_or(capacity_), capacity_));
    const auto count = co_await source.read({piece_.get() + size_room, most});
    if (!left_) co_return count;
    if (count == 0)
        throw core::Error{core::Code::internal,
                          fmt::format("a body ended {} bytes before its length", *left_)};
    *left_ -= count;
    co_return count;
}

Task<> BodyWriter::write_piece(std::size_t count, std::string before) {
    char* begin = piece_.get() + size_room;
    if (is_chunked_) {
        const auto size = fmt::format("{:x}\r\n", count);
        begin -= size.size();
        std::ranges::copy(size, begin);
        piece_[size_room + count] = '\r';
        piece_[size_room + count + 1] = '\n';
    }
    const std::string_view bytes{begin, piece_.get() + size_room + count + (is_chunked_ ? end_room : 0)};
    if (!before.empty() && bytes.size() <= joined_bytes) {
        co_await wire_.write(before.append(bytes));
        co_return;
    }
    co_await wire_.write(before, bytes);
}

}  // namespace carrel::net
