#include "core/log_line.hpp"

#include <doctest/doctest.h>

#include "core/log.hpp"

using namespace carrel::core;

namespace {

constexpr Instant noon{std::chrono::milliseconds{1'764'504'000'123}};

}  // namespace

TEST_CASE("a line of the log is one JSON object, with the ids that are known") {
    CHECK(json_log_line(noon, "carrel", Level::warning, "it is so", {}) ==
          R"({"time":"2025-11-30T12:00:00.123Z","level":"warning","program":"carrel","message":"it is so"})");
    CHECK(json_log_line(noon, "", Level::info, R"(a "b" \n)", {.session = "sess_0123456789ab"}) ==
          R"({"time":"2025-11-30T12:00:00.123Z","level":"info","message":"a \"b\" \\n",)"
          R"("session":"sess_0123456789ab"})");
    const auto line =
        json_log_line(noon, "x", Level::error, "é", {"req_ab", "sess_0123456789ab", "desk_0123456789ab"});
    CHECK(line.ends_with(
        R"("message":"é","request":"req_ab","session":"sess_0123456789ab","desk":"desk_0123456789ab"})"));
}

TEST_CASE("only what is an id as a whole is one, and the first of a kind") {
    const std::string desk = "desk_0123456789ab";
    const auto ids = ids_among("req_00ff", desk, 12, "the desk_ffffffffffff said: sess_0123456789ab",
                               std::string_view{"desk_ffffffffffff"});
    CHECK(ids.request == "req_00ff");
    CHECK(ids.desk == desk);
    CHECK(ids.session.empty());
    for (const auto* word :
         {"req_", "req_00fg", "sess_0123456789a", "sess_0123456789abc", "SESS_0123456789ab", ""}) {
        const auto none = ids_among(word);
        CHECK((none.request.empty() && none.session.empty() && none.desk.empty()));
    }
}

TEST_CASE("a format that nobody knows is text") {
    CHECK(log_format_of("json") == LogFormat::json);
    CHECK(log_format_of("text") == LogFormat::text);
    CHECK(log_format_of("JSON") == LogFormat::text);
}
