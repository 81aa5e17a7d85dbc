// A strict decoder of JSON objects, and the JSON Schema of the same description.
//
//     struct Click { std::string button; std::optional<Point> coordinate; int count = 1; };
//     const Shape<Click> click{
//         field("button", &Click::button, "which button", one_of({"left_click", "right_click"})),
//         field("coordinate", &Click::coordinate, "where", point),        // a nested Shape
//         field("count", &Click::count, "how often", between(1, 3)).with_default()};
//
//     Decoded<Click> result = click.decode(value);     // every problem, each with its path
//     Object schema = click.schema();                  // JSON Schema 2020-12
//
// Unknown fields, wrong types and values out of range are problems; a field of type
// std::optional<T>, or one `with_default()`, may be absent; null is never taken for absent.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "json/parse.hpp"

namespace carrel::json {

/// One thing wrong with an input, as the 422 answers list it: {loc:["body","content"],msg,type}.
struct Problem {
    std::vector<std::string> path;
    std::string message;
    std::string type;  ///< "missing", "unknown_field", "wrong_type", "out_of_range"
};
using Problems = std::vector<Problem>;

template <class T>
using Decoded = std::expected<T, Problems>;

/// The list `detail` of a 422 answer; `root` is "body" or "query".
Array to_json(const Problems& problems, std::string_view root);
/// Such a list as its readers want it: "coordinate.x: must be between 0 and 1023; key: …", without the root.
/// What is no such list, as a stranger may send it, gives some sentence too.
std::string to_sentence(const Array& problems);

/// What a value must be beyond its type. `check` answers a sentence when the value is refused.
struct Rule {
    std::function<std::optional<std::string>(const Value&)> check;
    Object schema;
};
Rule one_of(std::vector<std::string> words);
Rule between(double least, double most);
Rule length_between(std::size_t least, std::size_t most);  ///< of strings in characters, of lists in items
/// Of a text: its length, and what `judge` says of it.
Rule text_rule(std::size_t least, std::size_t most, std::optional<std::string> (*judge)(std::string_view));
Rule anything();

namespace detail {

/// Reads one scalar; false with a problem in `problems` when the type is wrong.
bool read(const Value& from, bool& to, Problems& problems);
bool read(const Value& from, int& to, Problems& problems);
bool read(const Value& from, std::int64_t& to, Problems& problems);
bool read(const Value& from, double& to, Problems& problems);
bool read(const Value& from, std::string& to, Problems& problems);
bool read(const Value& from, Value& to, Problems& problems);
bool read(const Value& from, Object& to, Problems& problems);

template <class T>
bool read(const Value& from, std::vector<T>& to, Problems& problems);
template <class T>
bool read(const Value& from, std::optional<T>& to, Problems& problems) {
    return read(from, to.emplace(), problems);
}

void prefix(Problems& problems, std::size_t first, std::string_view step);
bool wrong_type(Problems& problems, std::string_view wanted, const Value& got);
/// The problem of a member that no field of `known` is called.
Problem unknown_field(std::string_view name, const std::vector<std::string>& known);

template <class T>
bool read(const Value& from, std::vector<T>& to, Problems& problems) {
    const auto* list = from.if_array();
    if (!list) return wrong_type(problems, "a list", from);
    for (const auto& item : *list) {
        const auto before = problems.size();
        read(item, to.emplace_back(), problems);
        prefix(problems, before, std::to_string(to.size() - 1));
    }
    return true;
}

Object schema_of(const bool*);
Object schema_of(const int*);
Object schema_of(const std::int64_t*);
Object schema_of(const double*);
Object schema_of(const std::string*);
Object schema_of(const Value*);
Object schema_of(const Object*);
template <class T>
Object schema_of(const std::vector<T>*);
template <class T>
Object schema_of(const std::optional<T>*) {
    return schema_of(static_cast<const T*>(nullptr));
}
template <class T>
Object schema_of(const std::vector<T>*) {
    return {{"type", "array"}, {"items", schema_of(static_cast<const T*>(nullptr))}};
}

/// What a member holds that a request does not name, where JSON can say it in a word; else null.
template <class Member>
Value initial_value(const Member& member) {
    if constexpr (std::is_arithmetic_v<Member> || std::is_same_v<Member, std::string>)
        return Value(member);
    else
        return nullptr;
}

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

}  // namespace detail

/// One named member of `T`.
template <class T>
struct Field {
    std::string name;
    std::string description;
    bool is_required = true;
    std::function<void(const Value&, T&, Problems&)> read;
    Object schema;
    Value initial = nullptr;  ///< what the schema tells as the default, once there is one

    /// The member's initial value stands when the field is absent.
    Field with_default() && {
        is_required = false;
        if (!initial.is_null()) schema["default"] = initial;
        return std::move(*this);
    }
};

/// How a JSON object becomes a T. Build it once, keep it const.
template <class T>
class Shape {
public:
    Shape(std::initializer_list<Field<T>> fields) : fields_{fields} {}
    explicit Shape(std::vector<Field<T>> fields) : fields_{std::move(fields)} {}

    Decoded<T> decode(const Value& value) const {
        Problems problems;
        T result{};
        read(value, result, problems);
        if (!problems.empty()) return std::unexpected{std::move(problems)};
        return result;
    }

    void read(const Value& value, T& to, Problems& problems) const {
        const auto* object = value.if_object();
        if (!object) {
            detail::wrong_type(problems, "an object", value);
            return;
        }
        for (const auto& field : fields_) read_field(field, *object, to, problems);
        for (const auto& member : *object) refuse_unknown(member.key(), problems);
    }

    /// JSON Schema 2020-12 of the object.
    Object schema() const {
        Object properties;
        Array required;
        for (const auto& field : fields_) {
            properties[field.name] = field.schema;
            if (field.is_required) required.emplace_back(field.name);
        }
        Object result{
            {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
        if (!required.empty()) result["required"] = std::move(required);
        return result;
    }

    const std::vector<Field<T>>& fields() const { return fields_; }

private:
    void read_field(const Field<T>& field, const Object& object, T& to, Problems& problems) const {
        const auto* value = object.if_contains(field.name);
        if (!value) {
            if (field.is_required) problems.push_back({{field.name}, "this field is required", "missing"});
            return;
        }
        const auto before = problems.size();
        field.read(*value, to, problems);
        detail::prefix(problems, before, field.name);
    }

    void refuse_unknown(std::string_view name, Problems& problems) const {
        std::vector<std::string> known;
        for (const auto& field : fields_) {
            if (field.name == name) return;
            known.push_back(field.name);
        }
        problems.push_back(detail::unknown_field(name, known));
    }

    std::vector<Field<T>> fields_;
};

/// A member of a plain type: bool, int, std::int64_t, double, std::string, Value, Object, lists and
/// optionals of these.
template <class T, class Member>
Field<T> field(std::string name, Member T::* member, std::string description, Rule rule = anything()) {
    Object schema = detail::schema_of(static_cast<const Member*>(nullptr));
    for (const auto& entry : rule.schema) schema[entry.key()] = entry.value();
    schema["description"] = description;
    auto read = [member, check = std::move(rule.check)](const Value& from, T& to, Problems& problems) {
        if (!detail::read(from, to.*member, problems) || !check) return;
        if (auto refusal = check(from)) problems.push_back({{}, std::move(*refusal), "out_of_range"});
    };
    return {std::move(name), std::move(description), !detail::is_optional<Member>::value,
            std::move(read), std::move(schema),      detail::initial_value(T{}.*member)};
}

/// A member that is itself an object, with its own shape; optional when the member is.
template <class T, class Member, class Inner>
Field<T> field(std::string name, Member T::* member, std::string description, Shape<Inner> shape) {
    Object schema = shape.schema();
    schema["description"] = description;
    auto read = [member, shape = std::move(shape)](const Value& from, T& to, Problems& problems) {
        if constexpr (detail::is_optional<Member>::value)
            shape.read(from, (to.*member).emplace(), problems);
        else
            shape.read(from, to.*member, problems);
    };
    return {std::move(name), std::move(description), !detail::is_optional<Member>::value, std::move(read),
            std::move(schema)};
}

/// A member that is a list of objects.
template <class T, class Inner>
Field<T> list_field(std::string name, std::vector<Inner> T::* member, std::string description,
                    Shape<Inner> shape) {
    Object schema{{"type", "array"}, {"items", shape.schema()}, {"description", description}};
    auto read = [member, shape = std::move(shape)](const Value& from, T& to, Problems& problems) {
        const auto* list = from.if_array();
        if (!list) {
            detail::wrong_type(problems, "a list", from);
            return;
        }
        for (const auto& item : *list) {
            const auto before = problems.size();
            shape.read(item, (to.*member).emplace_back(), problems);
            detail::prefix(problems, before, std::to_string((to.*member).size() - 1));
        }
    };
    return {std::move(name), std::move(description), true, std::move(read), std::move(schema)};
}

}  // namespace carrel::json
