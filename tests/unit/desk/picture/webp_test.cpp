#include "desk/picture/webp.hpp"

#include <doctest/doctest.h>
#include <webp/decode.h>

#include <cstdlib>
#include <cstring>
#include <vector>

using namespace carrel::desk;
using namespace carrel::desk::picture;

namespace {

/// As X has pixels.
std::vector<std::uint32_t> read_webp(const std::string& bytes, Size& size) {
    auto* pixels = WebPDecodeBGRA(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(),
                                  &size.width, &size.height);
    REQUIRE(pixels);
    std::vector<std::uint32_t> result(static_cast<std::size_t>(size.width) * size.height);
    std::memcpy(result.data(), pixels, result.size() * 4);
    WebPFree(pixels);
    for (auto& pixel : result) pixel &= 0xffffff;
    return result;
}

}  // namespace

TEST_CASE("a lossless WebP has every pixel, whatever stands in the fourth byte") {
    Image image{{}, {61, 37}};
    std::uint32_t random = 1;
    for (int i = 0; i < 61 * 37; ++i) image.data.push_back(random = random * 1664525 + 1013904223);
    Size size;
    const auto part = image.pixels().part({5, 3, 60, 30});
    const auto pixels = read_webp(to_webp(part, 1, true), size);
    CHECK(size == Size{55, 27});
    for (int y = 0; y < size.height; ++y)
        for (int x = 0; x < size.width; ++x)
            REQUIRE(pixels[static_cast<std::size_t>(y) * size.width + x] == (part.row(y)[x] & 0xffffff));
}

TEST_CASE("a lossy WebP has about the colours, and is smaller with less quality") {
    Image image{{}, {128, 96}};
    for (int i = 0; i < 128 * 96; ++i) image.data.push_back(static_cast<std::uint32_t>(i * i) & 0xffffff);
    CHECK(to_webp(image.pixels(), 10, false).size() < to_webp(image.pixels(), 90, false).size());
    const Image flat{std::vector<std::uint32_t>(64 * 64, 0x00c04020), {64, 64}};
    Size size;
    const auto pixels = read_webp(to_webp(flat.pixels(), 80, false), size);
    CHECK(std::abs(static_cast<int>(pixels[0] >> 16) - 0xc0) <= 8);
    CHECK(std::abs(static_cast<int>(pixels[0] & 0xff) - 0x20) <= 8);
}
