#include "rest/requests.hpp"

#include <fmt/format.h>

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

}  // namespace carrel::rest
