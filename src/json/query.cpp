#include "json/query.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/text.hpp"

namespace carrel::json {

namespace {

/// All of `text` as a number, if it is one.
template <class Number>
std::optional<Number> find_number(std::string_view text) {
    Number number{};
    const auto* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || rest != end) return std::nullopt;
    return number;
}

Value to_value(const std::string& text, std::string_view type) {
    if (type == "boolean" && (text == "true" || text == "1")) return true;
    if (type == "boolean" && (text == "false" || text == "0")) return false;
    if (type == "integer")
        if (const auto whole = find_number<std::int64_t>(text)) return *whole;
    if (type == "integer" || type == "number")
        if (const auto number = find_number<double>(text)) return *number;
    return Value(text);
}

}  // namespace

Decoded<Object> query_to_object(const Query& query, const Object& schema) {
    Object object;
    const auto* properties = schema.if_contains("properties");
    for (const auto& [name, text] : query) {
        if (object.contains(name))
            return std::unexpected{Problems{{{name}, "stands twice; give it once", "out_of_range"}}};
        const auto* property = properties ? find(*properties, name) : nullptr;
        object[name] = to_value(text, property ? text_or(*property, "type") : std::string_view{});
    }
    return object;
}

Query object_to_query(const Object& object) {
    Query query;
    for (const auto& [name, value] : object) {
        const auto* text = value.if_string();
        query.emplace_back(name, text ? std::string{*text} : to_text(value));
    }
    return query;
}

std::string query_text(const Object& object) {
    std::string all;
    for (const auto& [name, value] : object_to_query(object))
        all += fmt::format("{}{}={}", all.empty() ? '?' : '&', core::percent_encode(name),
                           core::percent_encode(value));
    return all;
}

}  // namespace carrel::json
