// What a tar says of an entry ahead of its header: pax records, GNU's long names. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "desk/archive/sparse.hpp"

namespace carrel::desk::archive {

/// No size of anything real, and no sum of two of them overflows.
constexpr std::uint64_t largest_tar_size = std::uint64_t{1} << 60;

struct TarTime {
    std::int64_t seconds = 0;  ///< since 1970
    std::uint32_t nanoseconds = 0;
    bool operator==(const TarTime&) const = default;
};
/// pax's decimal seconds, "-1.5".
std::optional<TarTime> parse_pax_time(std::string_view text);

/// Octal digits, or GNU's binary form, whose first bit is set. Nothing when it is no number or too large.
std::optional<std::uint64_t> parse_tar_number(std::string_view field);
/// The same with those before 1970; 1970 for what is no number, which is no reason to refuse a file.
std::int64_t parse_tar_time(std::string_view field);

/// Of the entry whose header comes next.
struct TarRecords {
    std::optional<std::string> name;
    std::optional<std::string> target;
    std::optional<std::uint64_t> size;
    std::optional<TarTime> modified;
    // GNU's, of a sparse file.
    std::optional<std::string> sparse_name;
    std::optional<std::uint64_t> sparse_size;  ///< with its holes; there is one if the file is sparse
    std::optional<std::uint64_t> sparse_at;    ///< of a part whose size has not come
    SparseMap sparse_map;
    bool has_sparse_text = false;  ///< the map stands before the content

    /// Takes the records of a pax header.
    core::Expected<void> take_pax(std::string_view text);

private:
    core::Expected<void> take(std::string_view key, std::string_view value);
    core::Expected<void> take_sparse(std::string_view key, std::string_view value);
};

}  // namespace carrel::desk::archive
