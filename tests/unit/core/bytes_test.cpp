#include "core/bytes.hpp"

#include <doctest/doctest.h>

using namespace carrel::core;
using namespace std::string_view_literals;

TEST_CASE("a number is read from its bytes in either order") {
    constexpr auto bytes = "\x00\x01\x02\xff\xfe\x80\x00\x00\x00"sv;
    CHECK(big_endian(bytes, 1, 2) == 0x0102);
    CHECK(little_endian(bytes, 1, 2) == 0x0201);
    CHECK(big_endian(bytes, 3, 1) == 0xff);
    CHECK(big_endian(bytes, 3, 4) == 0xfffe8000);
    CHECK(little_endian(bytes, 3, 4) == 0x0080feff);
    CHECK(big_endian(bytes, 1, 8) == 0x0102fffe80000000);
    CHECK(little_endian(bytes, 0, 8) == 0x000080feff020100);
    CHECK(big_endian(bytes, 0, 0) == 0);
}
