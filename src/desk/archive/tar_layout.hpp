// Where a tar's header has what, which is one block of 512 bytes; what its reader and its writer share. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace carrel::desk::archive {

/// Bytes of a header.
struct TarPlace {
    std::size_t at;
    std::size_t size;
};
constexpr TarPlace name_place{0, 100};
constexpr TarPlace mode_place{100, 8};
constexpr TarPlace uid_place{108, 8};
constexpr TarPlace gid_place{116, 8};
constexpr TarPlace size_place{124, 12};
constexpr TarPlace time_place{136, 12};
constexpr TarPlace sum_place{148, 8};
constexpr TarPlace type_place{156, 1};
constexpr TarPlace target_place{157, 100};
constexpr TarPlace magic_place{257, 6};
constexpr TarPlace version_place{263, 2};
constexpr TarPlace prefix_place{345, 155};
// GNU's older format has these where ustar has the prefix: four parts of a sparse file, whether blocks with
// more of them follow, and its size with the holes.
constexpr std::size_t sparse_parts_at = 386;
constexpr std::size_t sparse_parts_in_header = 4;
constexpr std::size_t sparse_more_at = 482;
constexpr TarPlace sparse_size_place{483, 12};
// Such a block: 21 parts, and whether another follows.
constexpr std::size_t sparse_parts_in_block = 21;
constexpr std::size_t sparse_more_in_block_at = 504;
constexpr std::size_t sparse_number_size = 12;

/// The sum of all bytes, those of the sum itself taken as spaces.
constexpr unsigned tar_sum(std::string_view block) {
    unsigned sum = 0;
    for (std::size_t i = 0; i < block.size(); ++i) {
        const bool is_sum = i >= sum_place.at && i < sum_place.at + sum_place.size;
        sum += is_sum ? ' ' : static_cast<unsigned char>(block[i]);
    }
    return sum;
}

}  // namespace carrel::desk::archive
