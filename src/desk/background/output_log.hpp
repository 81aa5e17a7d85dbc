// What a program has printed, to be read again from any place that is still kept. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace carrel::desk::background {

/// Bytes by their offset from the first that ever came. The newest are kept, at least `limit` of them, in
/// chunks of chunk_bytes; the oldest are dropped.
class OutputLog {
public:
    static constexpr std::size_t chunk_bytes = std::size_t{64} << 10;

    explicit OutputLog(std::size_t limit) : limit_{limit} {}

    void add(std::string_view bytes);
    /// Drops the oldest chunk, to make room elsewhere.
    void drop_oldest();

    /// Of the oldest byte that is kept.
    std::uint64_t begin() const { return begin_; }
    /// How many came in all.
    std::uint64_t end() const { return begin_ + kept_; }
    std::size_t kept() const { return kept_; }
    /// At most `most` bytes from `offset` on, which lies between begin() and end().
    std::string read(std::uint64_t offset, std::size_t most) const;

private:
    std::size_t limit_;
    std::uint64_t begin_ = 0;
    std::size_t kept_ = 0;
    std::deque<std::string> chunks_;  ///< all but the last are full
};

/// A part of a log for a client.
struct OutputPiece {
    std::uint64_t offset = 0;   ///< of its first byte
    std::uint64_t dropped = 0;  ///< bytes before it that were asked for and are not kept any more
    std::string bytes;
    std::uint64_t next() const { return offset + bytes.size(); }
};

struct OutputWish {
    std::uint64_t offset = 0;
    std::size_t limit = 0;  ///< bytes
    bool is_text = false;   ///< no character is cut; one that is only half there has to wait
};

/// `has_ended`: nothing more will come, so half a character is all there is of it.
OutputPiece read_piece(const OutputLog& log, const OutputWish& wish, bool has_ended);

}  // namespace carrel::desk::background
