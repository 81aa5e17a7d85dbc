#include "api/encodings.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace carrel;
using namespace carrel::api;

namespace {

Encoding chosen(const std::vector<std::string>& lines) {
    net::Headers headers;
    for (const auto& line : lines) headers.add("accept-encoding", line);
    return choose_encoding(headers);
}

}  // namespace

TEST_CASE("the coding that weighs most is chosen, of equal ones the smallest body") {
    struct Case {
        std::vector<std::string> lines;
        Encoding expected;
    };
    const std::vector<Case> cases{
        {{}, Encoding::identity},
        {{""}, Encoding::identity},
        {{"gzip"}, Encoding::gzip},
        {{"gzip, deflate, br, zstd"}, Encoding::brotli},
        {{"gzip", "br"}, Encoding::brotli},
        {{"GZIP"}, Encoding::gzip},
        {{"br;q=0.5, gzip;q=0.8"}, Encoding::gzip},
        {{"br ; q=0.5,\tgzip;Q=0.500"}, Encoding::brotli},
        {{"br;q=0, gzip"}, Encoding::gzip},
        {{"br;q=0.000,gzip;q=0"}, Encoding::identity},
        {{"identity, gzip;q=0.5"}, Encoding::identity},
        {{"identity;q=0.5, gzip;q=0.5"}, Encoding::gzip},
        {{"identity;q=0.4, gzip;q=0.5"}, Encoding::gzip},
        {{"*"}, Encoding::brotli},
        {{"*, br;q=0"}, Encoding::gzip},
        {{"*;q=0, gzip"}, Encoding::gzip},
        {{"*;q=0"}, Encoding::identity},
        {{"identity;q=0"}, Encoding::identity},
        {{"deflate, zstd, x-gzip"}, Encoding::identity},
    };
    for (const auto& [lines, expected] : cases) {
        INFO((lines.empty() ? "no line" : lines.front()));
        CHECK(name_of(chosen(lines)) == name_of(expected));
    }
}

TEST_CASE("a malformed item says nothing, and those beside it count") {
    for (const std::string item : {"br;q=", "br;q=2", "br;q=1.001", "br;q=0.1234", "br;q=.5", "br;q=-1",
                                   "br;q=0x1", "br;level=9", "br;", ";q=1", "br gzip", ",", "br;q=1;q=0"}) {
        INFO(item);
        CHECK(chosen({item}) == Encoding::identity);
        CHECK(chosen({item + ", gzip;q=0.1"}) == Encoding::gzip);
    }
    CHECK(chosen({std::string(100'000, ',') + "gzip"}) == Encoding::gzip);
}
