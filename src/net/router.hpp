// Which handler answers which method and path.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/error.hpp"
#include "net/http.hpp"

namespace carrel::net {

/// An error as an answer, in the shape that a face gives its errors.
using ErrorAnswer = std::function<Response(const core::Error&, const Request&)>;

/// `pattern` is "/api/v1/sessions/{id}/messages": literal segments and {names} of one non-empty segment;
/// a last "{name...}" takes the rest of the path, slashes and all, which may be empty. What the names
/// stood for is in Request::parameters, percent-decoded: a value may hold any byte, so check it.
struct Route {
    std::string method;
    std::string pattern;
    std::function<Task<Response>(Request&)> handler;
    ErrorAnswer error_answer = {};  ///< in place of the router's, for all errors of this pattern
};

/// A tree of path segments. A literal segment wins over a {name}, a {name} over a {name...}.
class Router final : public Handler {
public:
    explicit Router(ErrorAnswer error_answer);
    ~Router() override;

    /// Throws Error{internal} on a malformed pattern, or when the method and pattern are taken already.
    void add(Route route);

    /// Errors are answered by the route's ErrorAnswer, else by the router's: what a handler throws, not_found
    /// where no pattern fits, "method_not_allowed" (by the first route of the pattern that has its own, with
    /// Allow added). HEAD is answered by the GET route (the server leaves the body out). A failure that is no
    /// core::Error is logged and becomes Error{internal}.
    Task<Response> handle(Request& request) override;

private:
    struct Node;
    struct Target;
    Response refuse_method(const Node& node, const Request& request) const;

    ErrorAnswer error_answer_;
    std::unique_ptr<Node> root_;
};

}  // namespace carrel::net
