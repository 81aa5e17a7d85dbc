#include "json/fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/text.hpp"

namespace carrel::json {

namespace {

std::string_view kind_of(const Value& value) {
    switch (value.kind()) {
        case boost::json::kind::null: return "null";
        case boost::json::kind::bool_: return "a boolean";
        case boost::json::kind::int64:
        case boost::json::kind::uint64: return "a whole number";
        case boost::json::kind::double_: return "a number";
        case boost::json::kind::string: return "a string";
        case boost::json::kind::array: return "a list";
        case boost::json::kind::object: return "an object";
    }
    return "something else";
}

std::optional<double> find_number(const Value& value) {
    if (const auto* whole = value.if_int64()) return static_cast<double>(*whole);
    if (const auto* large = value.if_uint64()) return static_cast<double>(*large);
    if (const auto* real = value.if_double()) return *real;
    return std::nullopt;
}

std::optional<std::int64_t> find_whole(const Value& value) {
    if (const auto* whole = value.if_int64()) return *whole;
    // 3.0 is a whole number to JSON Schema, and models write it.
    if (const auto* real = value.if_double(); real && std::trunc(*real) == *real && std::abs(*real) < 9e15)
        return static_cast<std::int64_t>(*real);
    return std::nullopt;
}

/// A number that is no whole one is told itself: its kind would explain nothing.
bool not_whole(Problems& problems, const Value& got) {
    if (!got.is_double()) return detail::wrong_type(problems, "a whole number", got);
    problems.push_back({{}, fmt::format("must be a whole number, not {}", got.get_double()), "wrong_type"});
    return false;
}

/// "coordinate.x": where a wrong field stands in body or query; empty of the whole.
std::string place_of(const Value& problem) {
    const auto* path = find(problem, "loc");
    if (!path || !path->is_array()) return "";
    std::string place;
    for (std::size_t i = 1; i < path->get_array().size(); ++i) {
        const auto& step = path->get_array()[i];
        place +=
            (place.empty() ? "" : ".") + (step.is_string() ? std::string{step.get_string()} : to_text(step));
    }
    return place;
}

}  // namespace

Array to_json(const Problems& problems, std::string_view root) {
    Array list;
    for (const auto& problem : problems) {
        Array path;
        path.emplace_back(boost::json::string_view{root.data(), root.size()});
        for (const auto& step : problem.path) {
            if (const auto index = core::parse_unsigned(step))
                path.emplace_back(*index);
            else
                path.emplace_back(step);
        }
        list.push_back(Object{{"loc", std::move(path)}, {"msg", problem.message}, {"type", problem.type}});
    }
    return list;
}

std::string to_sentence(const Array& problems) {
    std::string sentence;
    for (const auto& problem : problems) {
        if (!sentence.empty()) sentence += "; ";
        if (const auto place = place_of(problem); !place.empty()) sentence += place + ": ";
        sentence += text_or(problem, "msg", "is wrong");
    }
    return sentence;
}

Rule one_of(std::vector<std::string> words) {
    Array schema;
    for (const auto& word : words) schema.emplace_back(word);
    auto check = [words = std::move(words)](const Value& value) -> std::optional<std::string> {
        const auto* text = value.if_string();
        if (!text || std::ranges::find(words, std::string_view{*text}) != words.end()) return std::nullopt;
        return fmt::format("must be one of {}", fmt::join(words, ", "));
    };
    return {std::move(check), {{"enum", std::move(schema)}}};
}

Rule between(double least, double most) {
    auto check = [=](const Value& value) -> std::optional<std::string> {
        const auto number = find_number(value);
        if (!number || (*number >= least && *number <= most)) return std::nullopt;
        return fmt::format("must be between {} and {}", least, most);
    };
    return {std::move(check), {{"minimum", least}, {"maximum", most}}};
}

Rule length_between(std::size_t least, std::size_t most) {
    auto check = [=](const Value& value) -> std::optional<std::string> {
        std::size_t length = 0;
        if (const auto* text = value.if_string()) length = core::count_characters(*text);
        if (const auto* list = value.if_array()) length = list->size();
        if (length >= least && length <= most) return std::nullopt;
        const auto wanted =
            least == most ? fmt::format("exactly {}", least) : fmt::format("between {} and {}", least, most);
        return fmt::format("must have {} {}, but has {}", wanted, value.is_array() ? "items" : "characters",
                           length);
    };
    return {std::move(check), {{"minLength", least}, {"maxLength", most}}};
}

Rule text_rule(std::size_t least, std::size_t most, std::optional<std::string> (*judge)(std::string_view)) {
    auto rule = length_between(least, most);
    rule.check = [length = std::move(rule.check), judge](const Value& value) -> std::optional<std::string> {
        if (auto problem = length(value)) return problem;
        const auto* text = value.if_string();
        return text ? judge(*text) : std::nullopt;
    };
    return rule;
}

Rule anything() { return {}; }

namespace detail {

void prefix(Problems& problems, std::size_t first, std::string_view step) {
    for (auto i = first; i < problems.size(); ++i)
        problems[i].path.insert(problems[i].path.begin(), std::string{step});
}

bool wrong_type(Problems& problems, std::string_view wanted, const Value& got) {
    problems.push_back({{}, fmt::format("must be {}, not {}", wanted, kind_of(got)), "wrong_type"});
    return false;
}

Problem unknown_field(std::string_view name, const std::vector<std::string>& known) {
    const auto near = core::nearest(name, known);
    const auto hint = near            ? fmt::format(R"(; did you mean "{}"?)", *near)
                      : known.empty() ? std::string{"; none is taken here"}
                                      : fmt::format("; there are {}", fmt::join(known, ", "));
    return {{std::string{name}}, "there is no such field" + hint, "unknown_field"};
}

bool read(const Value& from, bool& to, Problems& problems) {
    const auto* flag = from.if_bool();
    if (!flag) return wrong_type(problems, "true or false", from);
    to = *flag;
    return true;
}

bool read(const Value& from, std::int64_t& to, Problems& problems) {
    const auto whole = find_whole(from);
    if (!whole) return not_whole(problems, from);
    to = *whole;
    return true;
}

bool read(const Value& from, int& to, Problems& problems) {
    const auto whole = find_whole(from);
    if (!whole) return not_whole(problems, from);
    if (*whole > std::numeric_limits<int>::max() || *whole < std::numeric_limits<int>::min())
        return wrong_type(problems, "a whole number of 32 bits", from);
    to = static_cast<int>(*whole);
    return true;
}

bool read(const Value& from, double& to, Problems& problems) {
    const auto number = find_number(from);
    if (!number) return wrong_type(problems, "a number", from);
    to = *number;
    return true;
}

bool read(const Value& from, std::string& to, Problems& problems) {
    const auto* text = from.if_string();
    if (!text) return wrong_type(problems, "a string", from);
    to.assign(text->data(), text->size());
    return true;
}

bool read(const Value& from, Value& to, Problems&) {
    to = from;
    return true;
}

bool read(const Value& from, Object& to, Problems& problems) {
    const auto* object = from.if_object();
    if (!object) return wrong_type(problems, "an object", from);
    to = *object;
    return true;
}

Object schema_of(const bool*) { return {{"type", "boolean"}}; }
Object schema_of(const int*) { return {{"type", "integer"}}; }
Object schema_of(const std::int64_t*) { return {{"type", "integer"}}; }
Object schema_of(const double*) { return {{"type", "number"}}; }
Object schema_of(const std::string*) { return {{"type", "string"}}; }
Object schema_of(const Value*) { return {}; }
Object schema_of(const Object*) { return {{"type", "object"}}; }

}  // namespace detail

}  // namespace carrel::json
