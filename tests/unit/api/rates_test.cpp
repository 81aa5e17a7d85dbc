#include "api/callers/rates.hpp"

#include <doctest/doctest.h>

#include "api/errors.hpp"

using namespace carrel;
using namespace carrel::api;
using namespace std::chrono_literals;

namespace {

const SteadyTime start{};
constexpr ops::Operation send_row{.name = "messages/send", .method = "POST"};
constexpr ops::Operation create{.name = "sessions/create", .method = "POST"};
constexpr ops::Operation other{.name = "sessions/list", .method = "GET"};
const ops::Principal alice{"alice", ops::Role::user};
const ops::Principal bob{"bob", ops::Role::user};

net::Request request_for(std::string session, std::string network = "10.0.0.1") {
    net::Request request;
    request.parameters["id"] = std::move(session);
    request.peer.network = std::move(network);
    return request;
}

}  // namespace

TEST_CASE("so many in a window, which begins with the first, and then again") {
    Rate rate{"messages", 60s};
    CHECK(rate.take("a", 2, start).left == 1);
    CHECK(rate.take("a", 2, start + 30s).left == 0);
    const auto over = rate.take("a", 2, start + 30500ms);
    CHECK(over.is_over);
    CHECK(over.until_reset == 30s);
    CHECK_FALSE(rate.take("b", 2, start + 31s).is_over);
    CHECK_FALSE(rate.take("a", 2, start + 60s).is_over);
}

TEST_CASE("what came to nothing does not count") {
    Rate rate{"messages", 60s};
    rate.take("a", 1, start);
    rate.give_back("a");
    CHECK_FALSE(rate.take("a", 1, start).is_over);
    rate.give_back("nobody");
}

TEST_CASE("a crowd of names is not remembered for ever") {
    Rate rate{"strangers", 60s};
    for (int i = 0; i < 20'000; ++i) rate.take(std::to_string(i), 1, start + i * 1ms);
    CHECK(rate.size() <= 10'000);
}

TEST_CASE("messages count by session, sessions by user or by address, and other calls not at all") {
    Rates rates{{.messages_per_minute = 1, .sessions_per_hour = 1, .requests_per_minute = {}}};
    const auto is_taken = [&](const ops::Operation& row, const net::Request& request,
                              const ops::Principal& who, bool is_keyed) {
        try {
            rates.take(row, request, who, is_keyed, start);
            return true;
        } catch (const TooMany&) {
            return false;
        }
    };
    CHECK(is_taken(send_row, request_for("s1"), alice, true));
    CHECK_FALSE(is_taken(send_row, request_for("s1"), alice, true));
    CHECK(is_taken(send_row, request_for("s2"), alice, true));
    CHECK(is_taken(send_row, request_for("s1"), bob, true));
    CHECK(is_taken(create, request_for(""), alice, true));
    CHECK_FALSE(is_taken(create, request_for("", "10.0.0.2"), alice, true));
    CHECK(is_taken(create, request_for(""), bob, true));
    CHECK(is_taken(create, request_for("", "10.0.0.9"), alice, false));
    CHECK_FALSE(is_taken(create, request_for("", "10.0.0.9"), bob, false));
    for (int i = 0; i < 100; ++i) CHECK(is_taken(other, request_for(""), alice, true));
}

TEST_CASE("without keys nothing is limited that was not set; 0 turns a limit off") {
    Rates unset{{}};
    Rates off{{.messages_per_minute = 0, .sessions_per_hour = 0, .requests_per_minute = 0}};
    for (int i = 0; i < 10'000; ++i) {
        unset.take(send_row, request_for("s1"), alice, false, start);
        unset.count_request("local", "10.0.0.1", false, start);
        off.take(send_row, request_for("s1"), alice, true, start);
        off.count_request("alice", "10.0.0.1", true, start);
    }
    for (int i = 0; i < 10; ++i) unset.take(send_row, request_for("s1"), alice, true, start);
    CHECK_THROWS_AS(unset.take(send_row, request_for("s1"), alice, true, start), TooMany);
}

TEST_CASE("one stranger's requests use up neither another's nor a user's") {
    Rates rates{{.messages_per_minute = {}, .sessions_per_hour = {}, .requests_per_minute = 20}};
    for (int i = 0; i < 2; ++i) rates.count_request("", "10.0.0.1", true, start);
    CHECK_THROWS_AS(rates.count_request("", "10.0.0.1", true, start), TooMany);
    CHECK_NOTHROW(rates.count_request("", "10.0.0.2", true, start));
    for (int i = 0; i < 20; ++i) rates.count_request("alice", "10.0.0.1", true, start);
    CHECK_THROWS_AS(rates.count_request("alice", "10.0.0.3", true, start), TooMany);
    CHECK_NOTHROW(rates.count_request("bob", "10.0.0.1", true, start));
}

TEST_CASE("a 429 tells in headers and body what was asked too often, and when to ask again") {
    const TooMany error{{"messages", 10, 60s, 0, 42s, true}};
    const auto response = error_response(error, net::Request{});
    CHECK(response.status == 429);
    CHECK(response.headers.find("RateLimit-Policy") == "\"messages\";q=10;w=60");
    CHECK(response.headers.find("RateLimit") == "\"messages\";r=0;t=42");
    CHECK(response.headers.find("Retry-After") == "42");
    for (const auto* member : {R"("error":"rate_limit_exceeded")", R"("retry_after":42)", R"("detail":")"})
        CHECK(response.text().contains(member));
}
