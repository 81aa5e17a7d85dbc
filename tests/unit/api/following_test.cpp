#include "api/following.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace carrel;
using api::parse_followed;

TEST_CASE("sessions to follow are read with the place of each") {
    const auto read = parse_followed("sess_a:12,sess_b,sess_c:0");
    REQUIRE(read);
    REQUIRE(read->size() == 3);
    CHECK((*read)[0].session_id == "sess_a");
    CHECK((*read)[0].after == 12);
    CHECK((*read)[1].session_id == "sess_b");
    CHECK_FALSE((*read)[1].after);
    CHECK((*read)[2].after == 0);
}

TEST_CASE("what names no sessions, one of them twice, or too many, is refused with a sentence") {
    for (const auto text : {"", ",", "sess_a,", ":5", "sess_a:", "sess_a:x", "sess_a:-1", "sess_a:1:2",
                            "sess_a:99999999999999999999", "sess_a:1,sess_a:2"}) {
        CAPTURE(text);
        const auto read = parse_followed(text);
        REQUIRE_FALSE(read);
        CHECK_FALSE(read.error().message().empty());
    }
    std::string many;
    for (int i = 0; i < 64; ++i) many += (many.empty() ? "s" : ",s") + std::to_string(i);
    CHECK(parse_followed(many)->size() == 64);
    const auto more = parse_followed(many + ",one_more");
    REQUIRE_FALSE(more);
    CHECK(more.error().message() == "65 sessions are too many: at most 64");
}
