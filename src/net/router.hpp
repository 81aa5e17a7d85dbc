// Which handler answers which method and path.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/error.hpp"
#include "net/http.hpp"

namespace carrel::net {

/// `pattern` is "/api/v1/sessions/{id}/messages": literal segments and {names} of one non-empty segment;
/// a last "{name...}" takes the rest of the path, slashes and all, which may be empty. What the names
/// stood for is in Request::parameters, percent-decoded: a value may hold any byte, so check it.
struct Route {
    std::string method;
    std::string pattern;
    std::function<Task<Response>(Request&)> handler;
};

/// A tree of path segments. A literal segment wins over a {name}, a {name} over a {name...}.
class Router final : public Handler {
public:
    /// Turns what handlers throw, and "there is no such path", into an answer (api/errors).
    using ErrorAnswer = std::function<Response(const core::Error&, const Request&)>;

    explicit Router(ErrorAnswer error_answer);
    ~Router() override;

    /// Throws Error{internal} on a malformed pattern, or when the method and pattern are taken already.
    void add(Route route);

    /// 404 through the ErrorAnswer, 405 with Allow as problem+json; HEAD is answered by the GET route (the
    /// server leaves the body out). A failure that is no core::Error is logged and becomes Error{internal}.
    Task<Response> handle(Request& request) override;

private:
    struct Node;
    ErrorAnswer error_answer_;
    std::unique_ptr<Node> root_;
};

}  // namespace carrel::net
