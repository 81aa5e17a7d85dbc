// Rows and who handles them: a row without a handler, or a handler without a row, stops a program at its
// start.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "async/task.hpp"
#include "net/router.hpp"
#include "ops/operation.hpp"

namespace carrel::rest {

using async::Task;

/// Which row is meant.
struct RowName {
    std::string_view name;    ///< "mouse/click"
    std::string_view method;  ///< empty: the name's only row
};

/// Throws Error{internal} unless every row has exactly one of the names, and every name its row.
void check_bindings(std::span<const ops::Operation> rows, std::span<const RowName> bound);

/// Of a desk's operation. What it throws becomes an answer: core::Error as problem+json, Unprocessable as
/// 422.
using OperationHandler = std::function<Task<net::Response>(net::Request&)>;

/// How a noun of the desk (the mouse, the terminal, files, …) offers an operation.
struct Binding {
    std::string_view name;  ///< of the row, "mouse/click"
    std::string_view method;
    OperationHandler handler;
};

/// All that a desk offers.
class Bindings {
public:
    void add(std::vector<Binding> bindings);
    /// What it throws of a row is that row's answer, before anything of the request is read.
    void refuse_by(std::function<void(const ops::Operation&)> judge) { judge_ = std::move(judge); }
    /// One route for each row of ops::desk_operations(), which must all be bound: see check_bindings. What is
    /// routed refers to this.
    void route(net::Router& router) const;
    /// What the row's handler answers; what it throws as a problem. Only rows that are routed can be called.
    Task<net::Response> call(const ops::Operation& row, net::Request& request) const;

private:
    const OperationHandler& handler_of(const ops::Operation& row) const;
    Task<net::Response> handle(const ops::Operation& row, net::Request& request) const;

    std::vector<Binding> bindings_;
    std::function<void(const ops::Operation&)> judge_ = [](const ops::Operation&) {};
};

}  // namespace carrel::rest
