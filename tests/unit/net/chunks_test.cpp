#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "net/framing.hpp"

using namespace carrel::net;

namespace {

/// The decoded body of `bytes` fed in pieces of `piece`; nothing when refused. `rest` is what was left over.
std::optional<std::string> decode(std::string_view bytes, std::size_t piece, std::string& rest) {
    ChunkDecoder decoder;
    std::string body;
    while (!bytes.empty() && !decoder.is_done()) {
        const auto step = decoder.next(bytes.substr(0, piece));
        if (!step) return std::nullopt;
        body += step->data;
        bytes.remove_prefix(step->consumed);
    }
    rest = decoder.is_done() ? std::string{bytes} : "(not done)";
    return body;
}

}  // namespace

TEST_CASE("chunks are joined, however they arrive, and what follows is left alone") {
    const std::string bytes =
        "5\r\nhello\r\n1;name=\"value\"\r\n \r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\nGET "
        "/";
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        CAPTURE(piece);
        std::string rest;
        CHECK(decode(bytes, piece, rest) == "hello 0123456789");
        CHECK(rest == "GET /");
    }
}

TEST_CASE("malformed chunks are refused") {
    const std::string many(9000, 'x');
    for (const std::string& bytes : {
             std::string{"\r\nhello"},
             std::string{"x\r\n"},
             std::string{"-1\r\n"},
             std::string{"0x5\r\nhello\r\n"},
             std::string{" 5\r\nhello\r\n"},
             std::string{"5 \r\nhello\r\n"},
             std::string{"5\nhello\r\n"},
             std::string{"5\r\nhelloX\r\n"},
             std::string{"5\r\nhello\n"},
             std::string{"5\r\nhello\rX"},
             std::string{"1000000000000000\r\n"},
             std::string{"5;a\nb\r\nhello\r\n"},
             "5;" + many,
             std::string{"0\r\nTrailer\r\n\r\n"},
             std::string{"0\r\nA: b\n\r\n"},
             std::string{"0\r\nA: b\rc\r\n\r\n"},
             std::string{"0\r\n A: b\r\n\r\n"},
             "0\r\nA: " + many,
         })
        for (const std::size_t piece : {std::size_t{1}, bytes.size()}) {
            CAPTURE(bytes.substr(0, 40));
            std::string rest;
            CHECK_FALSE(decode(bytes, piece, rest));
        }
}

TEST_CASE("a chunk's data can be read around the decoder") {
    ChunkDecoder decoder;
    CHECK(decoder.ready() == 0);
    REQUIRE(decoder.next("5\r\n")->consumed == 3);
    CHECK(decoder.ready() == 5);
    decoder.skip(3);
    CHECK(decoder.ready() == 2);
    const auto step = decoder.next("lo\r\n0\r\n\r\n", 1);
    CHECK(step->data == "l");
    CHECK(step->consumed == 1);
    decoder.skip(1);
    REQUIRE(decoder.next("\r\n0\r\n\r\n"));
    CHECK(decoder.is_done());
}
