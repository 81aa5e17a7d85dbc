#include "ops/server.hpp"

#include <doctest/doctest.h>

#include <set>

#include "ops/internal.hpp"
#include "ops/operation.hpp"

using namespace carrel;
using namespace carrel::ops;

namespace {

const Operation& get_row(std::span<const Operation> rows, std::string_view name) {
    for (const auto& row : rows)
        if (row.name == name) return row;
    FAIL("no row is called " << name);
    return rows.front();
}

std::set<std::string_view> nouns_of(std::span<const Operation> rows) {
    std::set<std::string_view> nouns;
    for (const auto& row : rows) nouns.insert(noun_of(row));
    return nouns;
}

}  // namespace

TEST_CASE("every row of the server is unique and says what it takes and answers") {
    std::set<std::string_view> names;
    std::set<std::pair<std::string_view, std::string_view>> routes;
    for (const auto& row : server_operations()) {
        CAPTURE(row.name);
        CHECK(names.insert(row.name).second);
        CHECK(routes.emplace(row.method, row.path).second);
        CHECK(row.path.starts_with('/'));
        CHECK(row.summary.ends_with('.'));
        CHECK_FALSE(row.summary.contains('?'));
        if (row.request == Body::json) CHECK(bool{row.request_schema != nullptr});
        if (row.response == Body::json) CHECK_FALSE(row.answer.empty());
    }
}

TEST_CASE("a row's path is its name behind the prefix, unless it says another") {
    CHECK(get_row(server_operations(), "health/live").path == "/api/v1/health/live");
    CHECK(get_row(server_operations(), "sessions/list").path == "/api/v1/sessions");
    CHECK(get_row(desk_operations(), "mouse/click").path == "/mouse/click");
    CHECK(get_row(desk_operations(), "browser/devtools/page").path == "/browser/devtools/page/{target}");
}

TEST_CASE("server and desk share no noun: each has one page of the documents") {
    const auto of_desk = nouns_of(desk_operations());
    for (const auto noun : nouns_of(server_operations())) {
        CAPTURE(noun);
        CHECK_FALSE(of_desk.contains(noun));
    }
    CHECK(of_desk.contains("mouse"));
}

TEST_CASE("what only looks may be dropped with its client, and what says that it ends with it") {
    const auto of_desk = [](std::string_view name) {
        return may_be_dropped(get_row(desk_operations(), name));
    };
    for (const auto* name : {"screen/screenshot", "terminal/process/wait", "keyboard/hold_key", "file/copy",
                             "file/move", "file/delete", "file/chmod", "file/extract"}) {
        CAPTURE(name);
        CHECK(of_desk(name));
    }
    for (const auto* name : {"mouse/click", "terminal/execute", "file/write", "browser/cdp/evaluate"}) {
        CAPTURE(name);
        CHECK_FALSE(of_desk(name));
    }
}

TEST_CASE("only the DevTools endpoint's lists tell addresses") {
    for (const auto& row : desk_operations()) {
        CAPTURE(row.name);
        CHECK(row.tells_addresses == row.name.starts_with("browser/devtools/json"));
    }
}

TEST_CASE("a desk's answer has success and error, the server's only its members") {
    const auto of_desk = desk_answer_schema(get_row(desk_operations(), "screen/cursor_position"));
    CHECK(json::to_text(of_desk.at("required")) == R"(["success","x","y"])");
    CHECK(json::find(of_desk.at("properties"), "error") != nullptr);
    const auto of_server = answer_schema(get_row(server_operations(), "sessions/list"));
    CHECK(json::to_text(of_server.at("required")) == R"(["sessions","total"])");
    CHECK(of_server.at("properties").as_object().size() == 2);
}

TEST_CASE("a query has defaults and bounds") {
    const auto sessions = list_sessions_shape().decode(json::Object{});
    REQUIRE(sessions);
    CHECK(sessions->limit == 50);
    CHECK(sessions->offset == 0);
    CHECK_FALSE(sessions->include_archived);
    for (const auto limit : {0, 101})
        CHECK_FALSE(list_sessions_shape().decode(json::Object{{"limit", limit}}));
    CHECK_FALSE(list_sessions_shape().decode(json::Object{{"offset", -1}}));
    const auto events = list_events_shape().decode(json::Object{{"limit", 1000}});
    REQUIRE(events);
    CHECK(events->after == 0);
    CHECK_FALSE(list_events_shape().decode(json::Object{{"limit", 1001}}));
    CHECK_FALSE(follow_events_shape().decode(json::Object{})->last_event_id);
    CHECK_FALSE(follow_events_shape().decode(json::Object{{"last_event_id", -1}}));
}

TEST_CASE("what only the server asks of a desk is no operation") {
    for (const auto path : {internal::hello, internal::ready, internal::notices, internal::vnc}) {
        CAPTURE(path);
        CHECK(find_desk_operation("GET", path) == nullptr);
    }
    CHECK(find_desk_operation("POST", internal::begin) == nullptr);
}
