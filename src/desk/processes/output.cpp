#include "desk/processes/output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/text.hpp"

namespace carrel::desk::processes {

namespace {

bool is_continuation(char byte) { return (static_cast<std::uint8_t>(byte) & 0xC0) == 0x80; }

/// How many bytes a character has that begins with `byte`.
std::size_t announced_length(char byte) {
    const auto value = static_cast<std::uint8_t>(byte);
    return value >= 0xF0 ? 4 : value >= 0xE0 ? 3 : value >= 0xC0 ? 2 : 1;
}

}  // namespace

std::size_t unfinished_length(std::string_view bytes) {
    for (std::size_t length = 1; length <= std::min<std::size_t>(3, bytes.size()); ++length) {
        const char byte = bytes[bytes.size() - length];
        if (!is_continuation(byte)) return announced_length(byte) > length ? length : 0;
    }
    return 0;
}

void BoundedOutput::add(std::string_view bytes) {
    total_ += bytes.size();
    const auto into_head = std::min(bytes.size(), half_ - head_.size());
    head_ += bytes.substr(0, into_head);
    bytes.remove_prefix(into_head);
    // Only the last `half_` bytes can ever be shown; the rest of a large piece is not even copied.
    if (bytes.size() > half_) bytes.remove_prefix(bytes.size() - half_);
    tail_ += bytes;
    if (tail_.size() > 2 * half_) tail_.erase(0, tail_.size() - half_);
}

std::string_view BoundedOutput::kept_tail() const {
    const std::string_view tail{tail_};
    return tail.size() > half_ ? tail.substr(tail.size() - half_) : tail;
}

std::uint64_t BoundedOutput::left_out() const { return total_ - head_.size() - kept_tail().size(); }

std::string BoundedOutput::text() const {
    if (!is_cut()) return core::repair_utf8(head_ + tail_);
    std::string_view head{head_};
    head.remove_suffix(unfinished_length(head));
    auto tail = kept_tail();
    for (int i = 0; i < 3 && !tail.empty() && is_continuation(tail.front()); ++i) tail.remove_prefix(1);
    const auto missing = total_ - head.size() - tail.size();
    return fmt::format("{}\n[... {} bytes left out here ...]\n{}", core::repair_utf8(head), missing,
                       core::repair_utf8(tail));
}

std::string TextPieces::add(std::string_view bytes) {
    waiting_ += bytes;
    const auto unfinished = unfinished_length(waiting_);
    auto text = core::repair_utf8(std::string_view{waiting_}.substr(0, waiting_.size() - unfinished));
    waiting_.erase(0, waiting_.size() - unfinished);
    return text;
}

std::string TextPieces::finish() { return core::repair_utf8(std::exchange(waiting_, {})); }

}  // namespace carrel::desk::processes
