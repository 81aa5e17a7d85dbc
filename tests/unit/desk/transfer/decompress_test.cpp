// Compressed bodies in pieces of any size; the samples were made by the formats' own programs.
#include "desk/transfer/decompress.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "core/error.hpp"

using namespace carrel;
using namespace carrel::desk::transfer;

namespace {

std::string bytes_of(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16));
    return bytes;
}

struct Sample {
    std::string name;
    std::string bytes;
};
const std::string text = "carrel carrel carrel ";
const std::vector<Sample> samples{
    Sample{"gzip", bytes_of("1f8b08000000000002034b4e2c2a4acd514846a10070b99afc15000000")},
    Sample{"bzip2", bytes_of("425a6839314159265359fe0167b2000004118040002a0410002000223f541a0c039ac445a3c5dc9"
                             "14e14243f8059ec80")},
    Sample{"xz", bytes_of("fd377a585a000004e6d6b4460200210116000000742fe5a3e00014000c5d0031984abdf12d367c303a"
                          "70000037585a29b12a96c5000128156aff06101fb6f37d010000000004595a")},
    Sample{"Zstandard", bytes_of("28b52ffd04586d00003863617272656c200100928b11707fe3ab")}};

struct Unpacked {
    std::string text;
    std::string refusal;
    std::uint64_t rest = 0;
};

Unpacked unpack(std::string_view bytes, std::size_t piece = 1 << 20) {
    Unpacked result;
    const auto decompression = Decompression::find(bytes);
    REQUIRE(decompression);
    try {
        while (!bytes.empty()) {
            auto now = bytes.substr(0, piece);
            bytes.remove_prefix(now.size());
            for (auto out = decompression->next(now); !out.empty(); out = decompression->next(now))
                result.text += out;
            CHECK(now.empty());
        }
        decompression->finish();
    } catch (const core::Error& error) {
        result.refusal = error.message();
    }
    result.rest = decompression->rest();
    return result;
}

}  // namespace

TEST_CASE("Each format is told by how it begins, and unpacked in pieces of any size") {
    for (const auto& [name, bytes] : samples) {
        CAPTURE(name);
        CHECK(Decompression::find(bytes)->name() == name);
        CHECK_FALSE(Decompression::find(bytes.substr(0, 2)));
        for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, bytes.size()}) {
            CHECK(unpack(bytes, piece).text == text);
            // Parts one behind another, and zeros between and behind them.
            CHECK(unpack(bytes + bytes, piece).text == text + text);
            CHECK(unpack(bytes + std::string(8, '\0') + bytes + std::string(1000, '\0'), piece).text ==
                  text + text);
            CHECK(unpack(bytes + std::string(8, '\0'), piece).rest == 0);
        }
    }
    CHECK_FALSE(Decompression::find("BZhang/ and so on"));
    CHECK_FALSE(Decompression::find(""));
}

TEST_CASE("What ends in the middle, is damaged, or has other bytes behind it is told") {
    for (const auto& [name, bytes] : samples) {
        CAPTURE(name);
        for (std::size_t size = 8; size < bytes.size(); ++size)
            CHECK(unpack(bytes.substr(0, size)).refusal ==
                  "the " + name + " data in the body ends in the middle");
        for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}}) {
            const auto more = unpack(bytes + "garbage", piece);
            CHECK(more.text == text);
            CHECK(more.refusal.empty());
            CHECK(more.rest == 7);
            // What only looks like another part.
            CHECK(unpack(bytes + bytes.substr(0, 2), piece).rest == 2);
        }
        // Of xz no byte can be changed without being noticed.
        if (name == "xz")
            for (std::size_t at = 8; at < bytes.size(); ++at) {
                auto wrong = bytes;
                wrong[at] = static_cast<char>(wrong[at] ^ 0x10);
                CHECK_FALSE(unpack(wrong).refusal.empty());
            }
    }
    auto wrong = samples[0].bytes;
    wrong[wrong.size() - 6] ^= 1;
    CHECK(unpack(wrong).refusal == "the gzip data in the body is damaged");
}

TEST_CASE("A small body that holds a great deal comes in pieces of bounded size") {
    std::string bomb(1 << 20, '\0');
    z_stream stream{};
    REQUIRE(::deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    const std::string zeros(64 << 20, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zeros.data()));
    stream.avail_in = static_cast<uInt>(zeros.size());
    stream.next_out = reinterpret_cast<Bytef*>(bomb.data());
    stream.avail_out = static_cast<uInt>(bomb.size());
    REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
    bomb.resize(bomb.size() - stream.avail_out);
    ::deflateEnd(&stream);
    const auto decompression = Decompression::find(bomb);
    std::string_view now = bomb;
    std::uint64_t size = 0;
    for (auto piece = decompression->next(now); !piece.empty(); piece = decompression->next(now)) {
        CHECK(piece.size() <= 128 << 10);
        size += piece.size();
    }
    decompression->finish();
    CHECK(size == 64 << 20);
}

TEST_CASE("What wants more memory than there is for it is refused, and other formats have names") {
    // A window of 2 GiB in the frame's header (RFC 8878, 3.1.1.1.2).
    CHECK(unpack(bytes_of("28b52ffd00a8") + std::string(20, 'x'))
              .refusal.starts_with("the Zstandard data in the body wants more memory"));
    using namespace std::string_view_literals;
    CHECK(name_of_format("PK\x03\x04..."sv) == "a zip");
    CHECK(name_of_format("7z\xbc\xaf\x27\x1c"sv) == "a 7-Zip archive");
    CHECK(name_of_format("LZIP\x01") == "compressed by lzip");
    CHECK_FALSE(name_of_format("nothing known"));
    CHECK_FALSE(name_of_format(""));
}
