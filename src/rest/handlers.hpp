// How a noun of the desk (the mouse, the terminal, files, …) offers its operations: a list of
// bindings from a row's name and method to a handler. serve.cpp holds all lists against the rows of
// ops/desk and refuses to start when one is missing or stands twice.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/task.hpp"
#include "core/error.hpp"
#include "json/fields.hpp"
#include "json/query.hpp"
#include "net/http.hpp"

namespace carrel::rest {

using async::Task;

/// What a handler throws becomes an answer: core::Error as problem+json, Unprocessable as 422.
using OperationHandler = std::function<Task<net::Response>(net::Request&)>;

struct Binding {
    std::string_view name;  ///< of the row, "mouse/click"
    std::string_view method;
    OperationHandler handler;
};

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
Task<json::Value> read_json(net::Request& request, std::size_t limit);
/// The same of a body that has been read.
json::Value parse_body(std::string_view text);

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

/// 200 with that object.
net::Response json_answer(const json::Object& object);
/// 200 {"success":false,"error":message}: the operation was understood and did not work out, which is
/// an ordinary answer to a tool's user.
net::Response failure_answer(std::string_view message);

}  // namespace carrel::rest
