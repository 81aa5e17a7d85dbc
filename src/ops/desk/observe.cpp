#include "ops/desk/observe.hpp"

#include "ops/fields.hpp"

namespace carrel::ops {

using json::Field;

namespace {

constexpr int longest_wait_ms = 60'000;

}  // namespace

void read_observe(const json::Value& from, Observe& to, json::Problems& problems) {
    constexpr auto wanted = "must be settled, none, or milliseconds to wait: 0 to 60000";
    if (const auto* word = from.if_string()) {
        if (*word == "settled" || *word == "none")
            to.observe = std::string{*word};
        else
            problems.push_back({{}, wanted, "out_of_range"});
        return;
    }
    const auto* number = from.if_int64();
    if (!number && !from.is_uint64()) return problems.push_back({{}, wanted, "wrong_type"});
    if (!number || *number < 0 || *number > longest_wait_ms)
        return problems.push_back({{}, wanted, "out_of_range"});
    to.observe = "wait";
    to.wait_ms = static_cast<int>(*number);
}

json::Object observe_schema() {
    return {{"anyOf",
             {json::Object{{"type", "string"}, {"enum", {"settled", "none"}}},
              json::Object{{"type", "integer"}, {"minimum", 0}, {"maximum", longest_wait_ms}}}}};
}

const Shape<Point>& point_shape() {
    static const Shape<Point> shape{field("x", &Point::x, "column of the screen, from 0 at the left"),
                                    field("y", &Point::y, "row of the screen, from 0 at the top")};
    return shape;
}

const Shape<Nothing>& nothing_shape() {
    static const Shape<Nothing> shape{std::vector<Field<Nothing>>{}};
    return shape;
}

}  // namespace carrel::ops
