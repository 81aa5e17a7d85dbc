#include "agent/anthropic/retry.hpp"

#include <doctest/doctest.h>

using namespace carrel;
using namespace carrel::agent;
using namespace carrel::agent::anthropic;
using namespace std::chrono_literals;

TEST_CASE("what is worth another try") {
    for (const int status : {408, 409, 429, 500, 502, 503, 504, 529}) CHECK(is_worth_retry(status, {}));
    for (const int status : {200, 302, 400, 401, 402, 403, 404, 413}) CHECK_FALSE(is_worth_retry(status, {}));
    CHECK(is_worth_retry(400, {{"X-Should-Retry", "true"}}));
    CHECK_FALSE(is_worth_retry(529, {{"x-should-retry", "false"}}));
    CHECK(is_worth_retry(529, {{"x-should-retry", "maybe"}}));
}

TEST_CASE("how long the answer asks to wait") {
    const core::Instant now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 20} + 15h;
    struct Case {
        net::Headers headers;
        std::optional<std::chrono::milliseconds> pause;
    };
    for (const auto& [headers, pause] : {
             Case{{}, std::nullopt},
             {{{"retry-after", "7"}}, 7s},
             {{{"Retry-After", " 0.25 "}}, 250ms},
             {{{"retry-after-ms", "1500"}, {"retry-after", "9"}}, 1500ms},
             {{{"retry-after-ms", "soon"}, {"retry-after", "9"}}, 9s},
             {{{"retry-after", "Fri, 20 Nov 2026 15:00:30 GMT"}}, 30s},
             {{{"retry-after", "Fri, 20 Nov 2026 14:59:30 GMT"}}, std::nullopt},
             {{{"retry-after", "-3"}}, std::nullopt},
             {{{"retry-after", "0"}}, std::nullopt},
             {{{"retry-after", "tomorrow"}}, std::nullopt},
             {{{"retry-after", "nan"}}, std::nullopt},
         })
        CHECK(asked_pause(headers, now) == pause);
    CHECK(asked_pause({{"retry-after", "1e300"}}, now) > longest_wait);
}

TEST_CASE("unasked pauses double up to eight seconds, less at most a quarter") {
    CHECK(usual_pause(0, 0) == 500ms);
    CHECK(usual_pause(1, 0) == 1s);
    CHECK(usual_pause(3, 0) == 4s);
    CHECK(usual_pause(9, 0) == 8s);
    CHECK(usual_pause(0, 1) == 375ms);
    CHECK(usual_pause(9, 1) == 6s);
}
