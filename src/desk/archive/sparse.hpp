// Files with holes, as GNU tar -S stores them: a map of what there is, and only that as content (GNU tar
// manual, "Storing Sparse Files"). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace carrel::desk::archive {

/// A part of the file that is stored.
struct SparsePart {
    std::uint64_t at;
    std::uint64_t size;
    bool operator==(const SparsePart&) const = default;
};
using SparseMap = std::vector<SparsePart>;

/// More than that are refused: 4 MiB of memory.
constexpr std::size_t most_sparse_parts = std::size_t{1} << 18;

/// Whether the parts come one behind another, end within `size` and hold `stored` bytes.
core::Expected<void> judge_map(const SparseMap& map, std::uint64_t size, std::uint64_t stored);

/// The map of pax 0.1: "offset,size,offset,size".
core::Expected<SparseMap> parse_map(std::string_view text);

/// The map of pax 1.0, which stands before the content: a count and that many pairs, each number on a line.
/// Takes blocks of a tar.
class SparseText {
public:
    core::Expected<void> push(std::string_view block);
    /// Its last number was in the last block.
    bool is_whole() const { return wanted_ && numbers_ == *wanted_; }
    const SparseMap& map() const { return map_; }

private:
    core::Expected<void> take(std::uint64_t number);

    std::string digits_;
    std::optional<std::uint64_t> wanted_;  ///< how many numbers follow the count
    std::uint64_t numbers_ = 0;
    SparseMap map_;
};

/// Puts what is stored where it belongs.
class SparseContent {
public:
    using Data = std::function<void(std::string_view)>;
    using Hole = std::function<void(std::uint64_t)>;
    /// The map must have been judged.
    SparseContent(SparseMap map, std::uint64_t size) : map_{std::move(map)}, size_{size} {}

    void push(std::string_view bytes, const Data& data, const Hole& hole);
    void finish(const Hole& hole);

private:
    void skip_to(std::uint64_t at, const Hole& hole);

    SparseMap map_;
    std::uint64_t size_;
    std::size_t part_ = 0;
    std::uint64_t at_ = 0;
};

}  // namespace carrel::desk::archive
