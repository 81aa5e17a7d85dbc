#include "desk/screen/popups.hpp"

#include <doctest/doctest.h>

using namespace carrel::desk::screen;

TEST_CASE("a window is painted when it shows more than one colour") {
    std::vector<std::uint8_t> pixels;
    for (int at = 0; at < 100; ++at) pixels.insert(pixels.end(), {0xe0, 0xe1, 0xe2, 0});
    CHECK_FALSE(is_painted(pixels.data(), pixels.size()));
    CHECK_FALSE(is_painted(pixels.data(), 4));
    CHECK_FALSE(is_painted(pixels.data(), 0));
    for (const std::size_t at : {0uz, 201uz, 399uz}) {
        auto other = pixels;
        ++other[at];
        CHECK(is_painted(other.data(), other.size()));
    }
}
