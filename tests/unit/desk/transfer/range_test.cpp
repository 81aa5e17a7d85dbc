#include <doctest/doctest.h>

#include "desk/transfer/range.hpp"

using namespace carrel::desk;
using namespace carrel::desk::transfer;
using Kind = RangeVerdict::Kind;

TEST_CASE("a range of bytes is what RFC 9110 says it is") {
    struct Case {
        const char* header;
        std::uint64_t size;
        Kind kind;
        ByteRange range;
    };
    for (const auto& [header, size, kind, range] : {
             Case{"bytes=0-99", 1000, Kind::part, {0, 100}},
             {"bytes=900-", 1000, Kind::part, {900, 100}},
             {"bytes=-100", 1000, Kind::part, {900, 100}},
             {"bytes=-5000", 1000, Kind::part, {0, 1000}},
             {"bytes=0-0", 1, Kind::part, {0, 1}},
             {"bytes=10-99999", 1000, Kind::part, {10, 990}},
             {" Bytes= 1 - 2 ", 1000, Kind::part, {1, 2}},
             {"bytes=1000-", 1000, Kind::unsatisfiable, {}},
             {"bytes=-0", 1000, Kind::unsatisfiable, {}},
             {"bytes=0-", 0, Kind::unsatisfiable, {}},
             {"bytes=-1", 0, Kind::unsatisfiable, {}},
             {"bytes=5-2", 1000, Kind::whole, {}},
             {"bytes=0-1,5-6", 1000, Kind::whole, {}},
             {"bytes=", 1000, Kind::whole, {}},
             {"bytes=-", 1000, Kind::whole, {}},
             {"bytes=a-b", 1000, Kind::whole, {}},
             {"bytes=99999999999999999999999-", 1000, Kind::whole, {}},
             {"lines=0-1", 1000, Kind::whole, {}},
             {"", 1000, Kind::whole, {}},
         }) {
        CAPTURE(header);
        const auto verdict = judge_range(header, size);
        CHECK(verdict.kind == kind);
        CHECK(verdict.range == range);
    }
}

TEST_CASE("a range is told with the whole size, and dates are HTTP's") {
    CHECK(content_range({0, 100}, 1000) == "bytes 0-99/1000");
    CHECK(content_range({}, 1000) == "bytes */1000");
    CHECK(http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(is_if_range_met("\"a\"", "\"a\"", "x"));
    CHECK(is_if_range_met("Sun, 06 Nov 1994 08:49:37 GMT", "\"a\"", http_date(784111777)));
    CHECK_FALSE(is_if_range_met("\"b\"", "\"a\"", "x"));
}
