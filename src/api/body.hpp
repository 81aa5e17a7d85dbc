// Reading what a request says.
#pragma once

#include <string>

#include "api/errors.hpp"
#include "json/fields.hpp"
#include "json/query.hpp"
#include "net/http.hpp"

namespace carrel::api {

/// The largest JSON body that a handler of the server takes.
constexpr std::size_t most_json_bytes = std::size_t{1} << 20;

/// The body as JSON; an empty body is an empty object. Throws Error 400, 413, or a time-out.
inline async::Task<json::Value> read_json(net::Request& request, std::size_t limit = most_json_bytes) {
    const auto text = co_await net::read_all(*request.body, limit);
    if (text.empty()) co_return json::Object{};
    auto value = json::parse(text);
    if (!value) throw Unprocessable{{{{}, value.error().message(), "json_invalid"}}, "body"};
    co_return std::move(*value);
}

/// The body as a T by its shape; throws Unprocessable with every problem.
template <class T>
async::Task<T> read_body(net::Request& request, const json::Shape<T>& shape) {
    auto decoded = shape.decode(co_await read_json(request));
    if (!decoded) throw Unprocessable{std::move(decoded.error()), "body"};
    co_return std::move(*decoded);
}

/// The query as a T by its shape; throws Unprocessable with every problem.
template <class T>
T read_query(const net::Request& request, const json::Shape<T>& shape) {
    auto decoded = json::decode_query(request.query, shape);
    if (!decoded) throw Unprocessable{std::move(decoded.error()), "query"};
    return std::move(*decoded);
}

/// An answer with that JSON.
inline net::Response answer(int status, const json::Value& body) {
    return net::json_response(status, json::to_text(body));
}

}  // namespace carrel::api
