#include "rest/requests.hpp"

#include <fmt/format.h>

#include "core/text.hpp"

namespace carrel::rest {

namespace {

/// Of a body where none is wanted: enough to say what is wrong with it.
constexpr std::size_t most_of_nothing = std::size_t{4} << 10;

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

Task<> refuse_fields(const ops::Operation& row, net::Request& request) {
    const bool has_fields = row.request != ops::Body::none || row.request_schema;
    if (has_fields || row.name.starts_with("page/")) co_return;
    const auto no_field = [](std::string_view name, std::string_view root) {
        return Unprocessable{{{{std::string{name}}, "there is no such field", "unknown_field"}}, root};
    };
    if (!request.query.empty()) throw no_field(request.query.front().first, "query");
    if (!request.body || request.body_length == 0 || row.response == ops::Body::upgrade) co_return;
    const auto body = co_await read_json(request, most_of_nothing);
    if (!body.is_object()) throw Unprocessable{{{{}, "this call takes no body", "wrong_type"}}, "body"};
    if (!body.get_object().empty()) throw no_field(body.get_object().begin()->key(), "body");
}

Task<json::Value> read_json(net::Request& request, std::size_t limit) {
    co_return parse_body(co_await net::collect_body(request, limit));
}

}  // namespace carrel::rest
