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
