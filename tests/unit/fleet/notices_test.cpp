#include "fleet/notices.hpp"

#include <doctest/doctest.h>

using namespace carrel;
using namespace std::chrono_literals;

TEST_CASE("only codes that we know become notices, in our words") {
    CHECK_FALSE(fleet::sentence_for("display_restarted").empty());
    CHECK_FALSE(fleet::sentence_for("window_manager_restarted").empty());
    CHECK_FALSE(fleet::sentence_for("tool_server_restarted").empty());
    for (const auto* code : {"", "message", "your account was closed, call this number"})
        CHECK(fleet::sentence_for(code).empty());
}

TEST_CASE("a screen's size is taken as far as a screen can have it") {
    const auto size = fleet::parse_screen(R"({"width":1920,"height":1080,"more":1})");
    REQUIRE(size);
    CHECK(size->width == 1920);
    CHECK(size->height == 1080);
    for (const auto* none :
         {"", "[]", "{}", R"({"width":1920})", R"({"width":0,"height":800})", R"({"width":-5,"height":800})",
          R"({"width":1.5,"height":800})", R"({"width":"9","height":800})", R"({"width":3841,"height":800})",
          R"({"width":1280,"height":2161})", R"({"width":319,"height":800})",
          R"({"width":99999999999999999999,"height":800})"})
        CHECK_FALSE(fleet::parse_screen(none));
}

TEST_CASE("a desk cannot fill the log with notices") {
    fleet::NoticeLimit limit{3, 60s};
    const fleet::NoticeLimit::Time start{};
    CHECK(limit.admits(start));
    CHECK(limit.admits(start + 1s));
    CHECK(limit.admits(start + 2s));
    CHECK_FALSE(limit.admits(start + 3s));
    CHECK_FALSE(limit.admits(start + 59s));
    CHECK(limit.admits(start + 60s));
    CHECK_FALSE(limit.admits(start + 60s));
    CHECK(limit.admits(start + 61s));
}

TEST_CASE("a program's notification is cut and cleaned, whatever the desk lets through") {
    const auto told = fleet::parse_notification(
        R"({"app":"a\tb","summary":"line\none","body":"two\nlines\u0007","urgency":"critical"})");
    REQUIRE(told);
    CHECK(told->app == "a b");
    CHECK(told->summary == "line one");
    CHECK(told->body == "two\nlines");
    CHECK(told->urgency == "critical");
    const auto long_one = fleet::parse_notification(R"({"summary":")" + std::string(9000, 'x') +
                                                    R"(","urgency":"sudo","app":7,"more":true})");
    REQUIRE(long_one);
    CHECK(long_one->summary.size() == 300);
    CHECK(long_one->urgency == "normal");
    CHECK(long_one->app.empty());
    for (const auto* none :
         {"", "{", "[]", "{}", R"({"summary":""})", R"({"summary":5})", R"({"summary":[[[]]]})"})
        CHECK_FALSE(fleet::parse_notification(none));
}
