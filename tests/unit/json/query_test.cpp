#include "json/query.hpp"

#include <doctest/doctest.h>

using namespace carrel::json;

namespace {

struct Wish {
    std::string name = "nobody";
    std::int64_t after = 0;
    std::optional<double> scale;
    bool is_whole = false;
};

const Shape<Wish>& wish_shape() {
    static const Shape<Wish> shape{
        field("name", &Wish::name, "a text").with_default(),
        field("after", &Wish::after, "a whole number", between(0, 9'007'199'254'740'991)).with_default(),
        field("scale", &Wish::scale, "a number"), field("whole", &Wish::is_whole, "a flag").with_default()};
    return shape;
}

Problem only_problem(const Query& query) {
    const auto wish = decode_query(query, wish_shape());
    REQUIRE_FALSE(wish);
    REQUIRE(wish.error().size() == 1);
    return wish.error().front();
}

}  // namespace

TEST_CASE("a query's values become what the shape wants there") {
    const auto wish = decode_query(
        {{"name", "7"}, {"after", "9007199254740991"}, {"scale", "0.5"}, {"whole", "1"}}, wish_shape());
    REQUIRE(wish);
    CHECK(wish->name == "7");
    CHECK(wish->after == 9'007'199'254'740'991);
    CHECK(wish->scale == 0.5);
    CHECK(wish->is_whole);
    CHECK(decode_query({{"after", "3.0"}}, wish_shape())->after == 3);
    CHECK_FALSE(decode_query({{"whole", "false"}}, wish_shape())->is_whole);
    CHECK(decode_query({}, wish_shape())->name == "nobody");
}

TEST_CASE("what a query says wrongly is told by its name") {
    CHECK(only_problem({{"after", "x"}}).message == "must be a whole number, not a string");
    CHECK(only_problem({{"after", ""}}).type == "wrong_type");
    CHECK(only_problem({{"after", "-1"}}).message == "must be between 0 and 9007199254740991");
    CHECK(only_problem({{"whole", "maybe"}}).message == "must be true or false, not a string");
    CHECK(only_problem({{"nam", "x"}}).message == R"(there is no such field; did you mean "name"?)");
    const auto twice = only_problem({{"name", "a"}, {"after", "x"}, {"name", "b"}});
    CHECK(twice.path == std::vector<std::string>{"name"});
    CHECK(twice.message == "stands twice; give it once");
}

TEST_CASE("an object becomes a query") {
    const Object object{{"format", "webp"}, {"scale", 0.5}, {"cursor", false}, {"quality", 80}};
    CHECK(object_to_query(object) ==
          Query{{"format", "webp"}, {"scale", "5E-1"}, {"cursor", "false"}, {"quality", "80"}});
    CHECK(query_text({{"path", "/a b"}, {"list", {1, 2}}}) == "?path=%2Fa%20b&list=%5B1%2C2%5D");
    CHECK(query_text({}).empty());
}
