// Reading what a request says, and refusing what it says wrongly: for the server's own operations and a
// desk's.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/task.hpp"
#include "core/error.hpp"
#include "json/fields.hpp"
#include "json/query.hpp"
#include "net/http.hpp"
#include "ops/operation.hpp"

namespace carrel::rest {

using async::Task;

/// A request whose fields are wrong: the answer is 422 with the list of problems.
class Unprocessable : public core::Error {
public:
    /// `root` says where the fields stand: "body" or "query"; empty: where this kind of request has them.
    explicit Unprocessable(json::Problems problems, std::string_view root = {});
    /// The list of problems, in `otherwise` when nobody said where.
    json::Array detail(std::string_view otherwise) const;

private:
    json::Problems problems_;
    std::string root_;
};

/// One wrong field: `throw unprocessable({"coordinate", "x"}, "1300 is outside …")`.
Unprocessable unprocessable(std::vector<std::string> path, std::string message);

/// The largest JSON body that an operation takes unless it says otherwise.
constexpr std::size_t largest_body = std::size_t{1} << 20;

/// Reads the body as JSON. An empty body counts as {}. Throws Error{invalid} for what is no JSON
/// (422 too), Error with reason "too_large" beyond `limit`.
Task<json::Value> read_json(net::Request& request, std::size_t limit = largest_body);
/// The same of a body that has been read.
json::Value parse_body(std::string_view text);

/// Refuses fields where the row has none: a query, or a body that is more than `{}`. What the row takes is
/// its handler's to judge. Files of the page may have a query: it is the page's own.
Task<> refuse_fields(const ops::Operation& row, net::Request& request);

template <class T>
T value_or_refuse(json::Decoded<T> decoded, std::string_view root) {
    if (!decoded) throw Unprocessable{std::move(decoded.error()), root};
    return std::move(*decoded);
}

/// The body by its shape: `const auto click = co_await decode_body(request, ops::click_shape());`
template <class T>
Task<T> decode_body(net::Request& request, const json::Shape<T>& shape, std::size_t limit = largest_body) {
    const auto value = co_await read_json(request, limit);
    co_return value_or_refuse(shape.decode(value), "body");
}

/// The query by its shape.
template <class T>
T decode_query(const net::Request& request, const json::Shape<T>& shape) {
    return value_or_refuse(json::decode_query(request.query, shape), "query");
}

}  // namespace carrel::rest
