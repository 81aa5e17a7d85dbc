// What edits changed, so that they can be taken back: file/undo_edit. Pure.
//
// Only the part that an edit changed is kept, and only as much as fits: the oldest edits are forgotten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace carrel::desk::files {

/// How to come from the text after an edit to the one before.
struct Reverse {
    std::size_t at = 0;        ///< bytes that both begin with
    std::size_t new_size = 0;  ///< bytes of the later text that are replaced…
    std::string old_part;      ///< …by these
    std::uint64_t digest = 0;  ///< of the later text
};
Reverse reverse_of(std::string_view before, std::string_view after);
/// The text before; nothing when `after` is not the text that the edit made.
std::optional<std::string> take_back(const Reverse& reverse, std::string_view after);

class History {
public:
    explicit History(std::size_t most_bytes = std::size_t{512} << 10) : most_bytes_{most_bytes} {}

    void remember(std::string path, Reverse reverse);
    /// The last edit of a file.
    const Reverse* find_last(std::string_view path) const;
    void forget_last(std::string_view path);
    /// Largest text that is worth being read for this.
    std::size_t most_bytes() const { return most_bytes_; }

private:
    struct Edit {
        std::string path;
        Reverse reverse;
        std::size_t size() const { return sizeof(Edit) + path.size() + reverse.old_part.size(); }
    };
    std::size_t most_bytes_;
    std::size_t held_ = 0;
    std::deque<Edit> edits_;  ///< the last one at the end
};

}  // namespace carrel::desk::files
