#include "rest/handlers.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/text.hpp"

namespace carrel::rest {

namespace {

std::string summary(const json::Problems& problems) {
    if (problems.empty()) return "the request is wrong";
    const auto& first = problems.front();
    std::string place;
    for (const auto& step : first.path) place += (place.empty() ? "" : ".") + step;
    return place.empty() ? first.message : fmt::format("{}: {}", place, first.message);
}

json::Value to_value(const std::string& text, std::string_view type) {
    if (type == "boolean" && (text == "true" || text == "1")) return true;
    if (type == "boolean" && (text == "false" || text == "0")) return false;
    if (type == "integer" || type == "number") {
        double number = 0;
        const auto* end = text.data() + text.size();
        const auto [rest, error] = std::from_chars(text.data(), end, number);
        if (error == std::errc{} && rest == end) return number;
    }
    // What is no number is left as it is: the shape says what was wanted.
    return json::Value(text);
}

}  // namespace

Unprocessable::Unprocessable(json::Problems problems, std::string_view root)
    : Error{core::Code::invalid, summary(problems), "validation_failed"},
      problems_{std::move(problems)},
      root_{root} {}

json::Array Unprocessable::detail(std::string_view otherwise) const {
    return json::to_json(problems_, root_.empty() ? otherwise : root_);
}

Unprocessable unprocessable(std::vector<std::string> path, std::string message) {
    return Unprocessable{{{std::move(path), std::move(message), "out_of_range"}}};
}

json::Value parse_body(std::string_view text) {
    if (core::trim(text).empty()) return json::Object{};
    auto value = json::parse(text);
    if (!value) throw Unprocessable{{{{}, value.error().message(), "json_invalid"}}, "body"};
    return std::move(*value);
}

Task<json::Value> read_json(net::Request& request, std::size_t limit) {
    co_return parse_body(co_await net::read_all(*request.body, limit));
}

json::Value query_to_json(const net::Query& query, const json::Object& schema) {
    json::Object object;
    const auto* properties = schema.if_contains("properties");
    for (const auto& [name, text] : query) {
        if (object.contains(name))
            throw Unprocessable{{{{name}, "stands twice; give it once", "out_of_range"}}, "query"};
        const auto* property = properties ? json::find(*properties, name) : nullptr;
        object[name] = to_value(text, property ? json::text_or(*property, "type") : std::string_view{});
    }
    return object;
}

net::Response json_answer(const json::Object& object) {
    return net::json_response(200, json::to_text(object));
}

net::Response failure_answer(std::string_view message) {
    return json_answer({{"success", false}, {"error", core::repair_utf8(message)}});
}

}  // namespace carrel::rest
