#include "ops/desk/browser.hpp"
#include "ops/desk/files.hpp"
#include "ops/desk/input.hpp"
#include "ops/desk/screen.hpp"
#include "ops/desk/system.hpp"
#include "ops/desk/terminal.hpp"

#include <doctest/doctest.h>

#include <set>

#include "ops/operation.hpp"

using namespace carrel;
using namespace carrel::ops;

namespace {

template <class T>
json::Decoded<T> decode(const json::Shape<T>& shape, std::string_view text) {
    return shape.decode(*json::parse(text));
}

}  // namespace

TEST_CASE("every desk row is unique, and its path is its name") {
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (const auto& row : desk_operations()) {
        CAPTURE(row.name);
        // What a path takes from the client is not in the name.
        const auto fixed = row.path.substr(0, row.path.find('{'));
        const auto name = "/" + std::string{row.name};
        CHECK((fixed == row.path ? row.path == name : (name + "/").starts_with(fixed)));
        CHECK(seen.emplace(row.method, row.path).second);
        CHECK(find_desk_operation(row.method, row.path) == &row);
        CHECK(row.summary.ends_with('.'));
        if (row.request == Body::json) CHECK(bool{row.request_schema != nullptr});
        if (row.method == "GET") CHECK(row.request == Body::none);
    }
    CHECK(find_desk_operation("GET", "/mouse/click") == nullptr);
    CHECK(find_desk_operation("POST", "/mouse/clicks") == nullptr);
}

TEST_CASE("looking needs less than acting") {
    CHECK(find_desk_operation("GET", "/screen/screenshot")->permission == Permission::view);
    CHECK(find_desk_operation("GET", "/system/clipboard")->permission == Permission::view);
    CHECK(find_desk_operation("POST", "/system/clipboard")->permission == Permission::control);
    for (const auto& row : desk_operations())
        if (row.name.starts_with("mouse/") || row.name.starts_with("keyboard/") ||
            (row.name.starts_with("terminal/") && row.method == "POST" &&
             row.name != "terminal/process/wait")) {
            CAPTURE(row.name);
            CHECK(row.permission == Permission::control);
        }
    // A terminal of one's own is opened by a GET, as every WebSocket.
    CHECK(find_desk_operation("GET", "/terminal/pty")->permission == Permission::control);
}

TEST_CASE("input waits for the screen by default, with windows that can be set") {
    const auto click = decode(click_shape(), R"({"button":"left_click","coordinate":{"x":0,"y":0}})");
    REQUIRE(click);
    CHECK(click->observe == "settled");
    CHECK(click->first_change_ms == 150);
    CHECK(click->quiet_ms == 40);
    CHECK(click->limit_ms == 2000);
    CHECK_FALSE(click->screenshot);
    REQUIRE(click->coordinate);
    CHECK(click->coordinate->x == 0);
    const auto quick =
        decode(press_key_shape(), R"({"key":"a","observe":"none","quiet_ms":10,"screenshot":true})");
    REQUIRE(quick);
    CHECK(quick->observe == "none");
    CHECK(quick->quiet_ms == 10);
    CHECK(quick->screenshot == true);
}

TEST_CASE("what a desk cannot do is refused by field") {
    CHECK_FALSE(decode(click_shape(), R"({"button":"left"})"));
    CHECK_FALSE(decode(click_shape(), R"({"button":"left_click","observe":"maybe"})"));
    CHECK_FALSE(decode(scroll_shape(), R"({"direction":"up","amount":0})"));
    CHECK_FALSE(decode(scroll_shape(), R"({"direction":"sideways","amount":1})"));
    CHECK_FALSE(decode(hold_key_shape(), R"({"key":"a","duration":301})"));
    CHECK_FALSE(decode(execute_shape(), R"({"command":"true","timeout":0})"));
    CHECK_FALSE(decode(execute_shape(), R"({"command":""})"));
    CHECK_FALSE(decode(view_file_shape(), R"({"path":"/a","view_range":[1]})"));
    CHECK_FALSE(decode(screenshot_shape(), R"({"format":"gif"})"));
    CHECK(decode(replace_in_file_shape(), R"({"path":"/a","old_str":"x"})")->new_str.empty());
    CHECK(decode(execute_shape(), R"({"command":"true","timeout":300})"));
}

TEST_CASE("a row's schema names the fields of its request") {
    const auto schema = find_desk_operation("POST", "/mouse/drag")->request_schema();
    const auto& properties = schema.at("properties").as_object();
    for (const auto* name :
         {"start_coordinate", "end_coordinate", "key", "observe", "limit_ms", "screenshot"})
        CHECK(properties.contains(name));
    CHECK(schema.at("required") == json::Array{"start_coordinate", "end_coordinate"});
}

TEST_CASE("a name with two rows means the one that takes the input, or the one that fits") {
    const auto any = [](const Operation&) { return true; };
    const auto method = [](const Operation* row) { return row ? row->method : "none"; };
    struct Case {
        std::string_view name;
        std::string_view with_input;
        std::string_view without;
    };
    for (const auto& [name, with_input, without] :
         {Case{"system/clipboard", "POST", "GET"}, Case{"screen/screenshot", "POST", "GET"},
          Case{"mouse/click", "POST", "POST"}, Case{"window/list", "GET", "GET"},
          Case{"mouse/clicks", "none", "none"}, Case{"", "none", "none"}}) {
        CAPTURE(name);
        CHECK(method(find_desk_operation_named(name, true, any)) == with_input);
        CHECK(method(find_desk_operation_named(name, false, any)) == without);
    }
    // The upload has a PUT row too, which is asked for by its method only.
    CHECK(method(find_desk_operation_named("file/upload", true, any)) == "POST");
    CHECK(method(find_desk_operation_named("file/upload", true, is_batchable)) == "none");
}

TEST_CASE("a name and a method mean one row") {
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (const auto& row : desk_operations())
        CHECK_MESSAGE(seen.emplace(row.method, row.name).second, row.name);
}
