#include "jail/workspaces/tar.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace carrel::jail::workspaces;

TEST_CASE("A header is one block with the sum of its bytes, and long names come before it") {
    const auto block = tar_header({.path = "workspace/a\nb", .mode = 0755, .size = 5, .modified = 8});
    REQUIRE(block.size() == tar_block);
    CHECK(block.starts_with(std::string{"workspace/a\nb"} + '\0'));
    CHECK(block.substr(100, 8) == std::string{"0000755"} + '\0');
    CHECK(block.substr(124, 12) == std::string{"00000000005"} + '\0');
    CHECK(block[156] == '0');
    CHECK(block.substr(257, 8) == std::string_view{"ustar\00000", 8});
    unsigned sum = 0;
    for (std::size_t i = 0; i < tar_block; ++i)
        sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(block[i]);
    CHECK(std::stoul(block.substr(148, 6), nullptr, 8) == sum);

    const auto name = std::string(300, 'x');
    const auto with_pax = tar_header({.path = name, .kind = TarEntry::Kind::link, .target = name});
    CHECK(with_pax.size() == 4 * tar_block);
    CHECK(with_pax[156] == 'x');
    CHECK(with_pax.contains("310 path=" + name + "\n314 linkpath=" + name + "\n"));
    CHECK(with_pax[3 * tar_block + 156] == '2');
}

TEST_CASE("The length of a pax record counts itself, also where that makes it longer") {
    for (std::size_t length = 80; length < 1100; ++length) {
        const auto path = std::string(length, 'p');
        const auto header = tar_header({.path = path});
        if (length <= 100) {
            CHECK(header.size() == tar_block);
            continue;
        }
        const auto record = header.substr(tar_block, std::stoul(header.substr(tar_block, 5)));
        CHECK(record.ends_with(path + "\n"));
    }
}

TEST_CASE("A file of holes is told by its data, whatever its size") {
    const auto header =
        sparse_header({.path = "hole", .size = std::uint64_t{1} << 62}, {{4096, 512}, {1 << 20, 3}});
    CHECK(header.size() % tar_block == 0);
    CHECK(header.contains("GNU.sparse.realsize=4611686018427387904\n"));
    CHECK(header.contains("2\n4096\n512\n1048576\n3\n"));
    CHECK(tar_padding(515).size() == 509);
    CHECK(tar_padding(1024).empty());
}
