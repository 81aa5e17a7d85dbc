#include "desk/background/output_log.hpp"

#include <algorithm>

#include "desk/processes/output.hpp"

namespace carrel::desk::background {

void OutputLog::add(std::string_view bytes) {
    while (!bytes.empty()) {
        if (chunks_.empty() || chunks_.back().size() == chunk_bytes) chunks_.emplace_back();
        auto& last = chunks_.back();
        const auto count = std::min(bytes.size(), chunk_bytes - last.size());
        last.append(bytes.substr(0, count));
        kept_ += count;
        bytes.remove_prefix(count);
        while (kept_ >= limit_ + chunk_bytes) drop_oldest();
    }
}

void OutputLog::drop_oldest() {
    if (chunks_.empty()) return;
    const auto count = chunks_.front().size();
    chunks_.pop_front();
    begin_ += count;
    kept_ -= count;
}

std::string OutputLog::read(std::uint64_t offset, std::size_t most) const {
    std::string result;
    auto place = static_cast<std::size_t>(offset - begin_);
    most = std::min(most, kept_ - place);
    result.reserve(most);
    while (result.size() < most) {
        const auto& chunk = chunks_[place / chunk_bytes];
        const auto count = std::min(most - result.size(), chunk.size() - place % chunk_bytes);
        result.append(chunk, place % chunk_bytes, count);
        place += count;
    }
    return result;
}

OutputPiece read_piece(const OutputLog& log, const OutputWish& wish, bool has_ended) {
    OutputPiece piece;
    piece.offset = std::max(wish.offset, log.begin());
    piece.dropped = piece.offset - wish.offset;
    piece.bytes = log.read(piece.offset, wish.limit);
    const bool is_last = has_ended && piece.next() == log.end();
    if (wish.is_text && !is_last)
        piece.bytes.resize(piece.bytes.size() - processes::unfinished_length(piece.bytes));
    return piece;
}

}  // namespace carrel::desk::background
