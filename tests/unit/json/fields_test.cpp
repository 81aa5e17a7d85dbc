#include "json/fields.hpp"

#include <doctest/doctest.h>

using namespace carrel::json;

namespace {

struct Point {
    int x = 0;
    int y = 0;
};
struct Click {
    std::string button;
    std::optional<Point> coordinate;
    int count = 1;
    std::vector<std::string> keys;
};

const Shape<Point> point{field("x", &Point::x, "column"), field("y", &Point::y, "row")};
const Shape<Click> click{field("button", &Click::button, "which", one_of({"left", "right"})),
                         field("coordinate", &Click::coordinate, "where", point),
                         field("count", &Click::count, "how often", between(1, 3)).with_default(),
                         field("keys", &Click::keys, "held").with_default()};

Problem only_problem(std::string_view text) {
    const auto result = click.decode(*parse(text));
    REQUIRE_FALSE(result);
    REQUIRE(result.error().size() == 1);
    return result.error()[0];
}

}  // namespace

TEST_CASE("zero is a value, not an absence") {
    const auto result = click.decode(*parse(R"({"button":"left","coordinate":{"x":0,"y":0}})"));
    REQUIRE(result);
    REQUIRE(result->coordinate);
    CHECK(result->coordinate->x == 0);
    CHECK(result->count == 1);
}

TEST_CASE("each problem carries its path") {
    CHECK(only_problem(R"({"coordinate":{"x":1,"y":2}})").path == std::vector<std::string>{"button"});
    CHECK(only_problem(R"({"button":"left","coordinate":{"x":1}})").path ==
          std::vector<std::string>{"coordinate", "y"});
    CHECK(only_problem(R"({"button":"left","keys":["a",1]})").path == std::vector<std::string>{"keys", "1"});
    CHECK(only_problem(R"({"button":"left","colour":1})").type == "unknown_field");
    CHECK(only_problem(R"({"button":"left","coordinate":null})").type == "wrong_type");
    CHECK(only_problem(R"({"button":"up"})").message == "must be one of left, right");
    CHECK(only_problem(R"({"button":"left","count":4})").type == "out_of_range");
    CHECK(only_problem(R"({"button":"left","count":1.5})").type == "wrong_type");
    CHECK(only_problem(R"([])").message == "must be an object, not a list");
}

TEST_CASE("a problem says what would be right") {
    CHECK(only_problem(R"({"button":"left","colour":1})").message ==
          "there is no such field; there are button, coordinate, count, keys");
    CHECK(only_problem(R"({"button":"left","buton":1})").message ==
          R"(there is no such field; did you mean "button"?)");
    CHECK(only_problem(R"({"button":"left","count":1.5})").message == "must be a whole number, not 1.5");
    const Shape<Point> nothing{std::vector<Field<Point>>{}};
    CHECK(nothing.decode(*parse(R"({"x":1})")).error()[0].message ==
          "there is no such field; none is taken here");
    CHECK(*length_between(2, 2).check(*parse("[1]")) == "must have exactly 2 items, but has 1");
}

TEST_CASE("the schema tells the defaults") {
    const auto schema = click.schema();
    const auto& properties = schema.at("properties").as_object();
    CHECK(properties.at("count").at("default") == 1);
    CHECK_FALSE(properties.at("button").as_object().contains("default"));
    CHECK_FALSE(properties.at("keys").as_object().contains("default"));
}

TEST_CASE("problems become the list of the contract") {
    const auto list = to_json({{{"messages", "0"}, "must be a string, not null", "wrong_type"}}, "body");
    CHECK(to_text(list) ==
          R"([{"loc":["body","messages",0],"msg":"must be a string, not null","type":"wrong_type"}])");
}

TEST_CASE("the schema says the same as the decoder") {
    CHECK(
        to_text(point.schema()) ==
        R"({"type":"object","properties":{"x":{"type":"integer","description":"column"},"y":{"type":"integer","description":"row"}},"additionalProperties":false,"required":["x","y"]})");
}

TEST_CASE("text that is not one strict JSON value is refused with the place") {
    for (const auto* text : {"", "{", "{} {}", "{'a':1}", "[1,]", "nul", "\"\xff\"", "{\"a\":1,\"a\":2}",
                             "01", "9999999999999999999999e999"})
        CHECK_MESSAGE(!parse(text), text);
    CHECK(parse(R"({"a":1,"a":2})").error().message() == R"(the name "a" stands twice in one object)");
    CHECK(parse(" {\"a\":[{\"a\":1}]} \n"));
    CHECK_FALSE(parse(std::string(70, '[') + std::string(70, ']')));
}

TEST_CASE("a list of problems becomes a sentence, whatever it holds") {
    const Problems problems{{{"coordinate", "x"}, "must be a whole number", "wrong_type"},
                            {{"actions", "3"}, "is none", "out_of_range"},
                            {{}, "not JSON", "json_invalid"}};
    CHECK(to_sentence(to_json(problems, "body")) ==
          "coordinate.x: must be a whole number; actions.3: is none; not JSON");
    CHECK(to_sentence({}).empty());
    CHECK(to_sentence({7, Object{{"loc", 3}}, Object{{"loc", Array{}}, {"msg", nullptr}}}) ==
          "is wrong; is wrong; is wrong");
}
