#include "desk/picture/deflate.hpp"

#include <doctest/doctest.h>
#include <libdeflate.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "desk/picture/huffman.hpp"

using namespace carrel::desk;
using namespace carrel::desk::picture;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes inflate(const std::string& stream, std::size_t size) {
    Bytes bytes(size + 1);
    std::size_t actual = 0;
    auto* decompressor = libdeflate_alloc_decompressor();
    CHECK(libdeflate_deflate_decompress(decompressor, stream.data(), stream.size(), bytes.data(),
                                        bytes.size(), &actual) == LIBDEFLATE_SUCCESS);
    libdeflate_free_decompressor(decompressor);
    bytes.resize(actual);
    return bytes;
}

std::string deflate(const Bytes& bytes, std::size_t stride, std::size_t step) {
    Deflater deflater;
    std::string stream;
    deflater.append_part(stream, bytes, stride, step);
    Deflater::append_end(stream);
    return stream;
}

Bytes noise(std::size_t size, std::uint32_t mask) {
    Bytes bytes;
    std::uint32_t random = 1;
    for (std::size_t i = 0; i < size; ++i) {
        random = random * 1664525 + 1013904223;
        bytes.push_back(static_cast<std::uint8_t>(random >> 24 & mask));
    }
    return bytes;
}

}  // namespace

TEST_CASE("what was compressed inflates to what it was") {
    for (const std::size_t size : {0UZ, 1UZ, 7UZ, 8UZ, 9UZ, 257UZ, 258UZ, 259UZ, 1000UZ, 100'000UZ})
        for (const std::uint32_t mask : {0U, 1U, 15U, 255U})
            for (const std::size_t stride : {1UZ, 13UZ, 3073UZ, 40'000UZ}) {
                CAPTURE(size);
                CAPTURE(stride);
                const auto bytes = noise(size, mask);
                CHECK(inflate(deflate(bytes, stride, 3), size) == bytes);
            }
}

TEST_CASE("rows that repeat the one above, at every distance that can be told, come back") {
    for (const std::size_t stride : {32'766UZ, 32'767UZ, 32'768UZ, 32'769UZ}) {
        CAPTURE(stride);
        Bytes bytes;
        const auto row = noise(stride, 255);
        for (int i = 0; i < 4; ++i) bytes.insert(bytes.end(), row.begin(), row.end());
        CHECK(inflate(deflate(bytes, stride, 3), bytes.size()) == bytes);
    }
}

TEST_CASE("parts made in any order make one stream") {
    const auto first = noise(5000, 7);
    const auto second = noise(70'000, 255);
    Deflater deflater;
    std::string behind;
    deflater.append_part(behind, second, 100, 3);
    std::string stream;
    deflater.append_part(stream, first, 50, 1);
    stream += behind;
    deflater.append_part(stream, {}, 50, 1);
    Deflater::append_end(stream);
    auto all = first;
    all.insert(all.end(), second.begin(), second.end());
    CHECK(inflate(stream, all.size()) == all);
}

TEST_CASE("even rows of a picture become much smaller, and noise hardly larger") {
    const Bytes white(3073 * 32, 255);
    CHECK(deflate(white, 3073, 3).size() < 600);
    const auto worst = noise(98'304, 255);
    CHECK(deflate(worst, 3073, 3).size() < worst.size() + worst.size() / 50);
}

TEST_CASE("codes are never longer than allowed, and use up their room exactly") {
    for (const int longest : {7, 9, 15}) {
        std::vector<std::uint32_t> counts;
        // Fibonacci's numbers make the deepest tree.
        for (std::uint32_t one = 1, other = 1; counts.size() < 40; one = std::exchange(other, one + other))
            counts.push_back(one);
        std::vector<Code> codes(counts.size());
        make_codes(counts, longest, codes);
        std::uint32_t used = 0;
        for (const auto& code : codes) {
            REQUIRE(code.length >= 1);
            REQUIRE(code.length <= longest);
            used += 1U << (longest - code.length);
        }
        CHECK(used == 1U << longest);
    }
}

TEST_CASE("one symbol alone, or none, still gets two codes") {
    for (const std::uint32_t count : {0U, 9U}) {
        std::array<std::uint32_t, 30> counts{};
        counts[0] = count;
        std::array<Code, 30> codes;
        make_codes(counts, 15, codes);
        CHECK(codes[0].length == 1);
        CHECK(codes[1].length == 1);
    }
}
