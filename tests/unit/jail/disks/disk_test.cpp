#include "jail/disks/disk.hpp"

#include <doctest/doctest.h>

using namespace carrel::jail::disks;

namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

}  // namespace

TEST_CASE("A disk has room for what may be written beside what its file system needs, and whole MiB") {
    for (const std::uint64_t size : {16, 64, 500, 1000, 4096, 1 << 16, 1 << 24}) {
        CAPTURE(size);
        const auto shape = shape_of(size * mebibyte);
        CHECK(shape.bytes % mebibyte == 0);
        CHECK(shape.bytes >= size * mebibyte + shape.inodes * 256 + size * mebibyte / 50);
        CHECK(shape.bytes < size * mebibyte * 11 / 10 + 21 * mebibyte);
    }
}

TEST_CASE("Who can have no disk hears why, and whether the host is full") {
    using carrel::core::Code;
    const auto busy = no_disk("it", {Code::internal, "all loop devices are in use"});
    CHECK(busy.code() == Code::unavailable);
    CHECK(busy.reason() == "no_disk");
    CHECK(busy.message() == "it can have no disk of its own: all loop devices are in use");
    CHECK(no_disk("it", {Code::exhausted, "write a disk: No space"}).code() == Code::exhausted);
}

TEST_CASE("Files are bounded by the room, but a small disk takes as many as a large project has") {
    CHECK(shape_of(16 * mebibyte).inodes == 65536);
    CHECK(shape_of(500 * mebibyte).inodes == 65536);
    CHECK(shape_of(4096 * mebibyte).inodes == 524288);
    // ext4 counts them in 32 bits.
    CHECK(shape_of((std::uint64_t{1} << 24) * mebibyte).inodes < std::uint64_t{1} << 32);
}

TEST_CASE("A disk is full when bytes or files are, and is so again only when there was room between") {
    struct Case {
        Room room;
        bool full;
        bool room_again;
    };
    const Case cases[] = {
        {{640 * mebibyte, 0, 640 * mebibyte, 65536, 65536}, false, true},
        {{640 * mebibyte, 0, 40 * mebibyte, 65536, 65536}, false, true},
        {{640 * mebibyte, 0, 39 * mebibyte, 65536, 65536}, false, false},
        {{640 * mebibyte, 0, 16 * mebibyte, 65536, 65536}, false, false},
        {{640 * mebibyte, 0, 15 * mebibyte, 65536, 65536}, true, false},
        {{640 * mebibyte, 0, 0, 65536, 65536}, true, false},
        {{640 * mebibyte, 0, 640 * mebibyte, 65536, 64}, true, false},
        {{640 * mebibyte, 0, 640 * mebibyte, 65536, 65}, false, false},
        // However large, that much is room.
        {{64000 * mebibyte, 0, 17 * mebibyte, 65536, 65536}, false, false},
    };
    for (const auto& [room, full, room_again] : cases) {
        CAPTURE(room.free);
        CAPTURE(room.free_inodes);
        CHECK(is_full(room) == full);
        CHECK(has_room(room) == room_again);
    }
}
