// The desk's rows and who handles them.
#pragma once

#include <vector>

#include "net/router.hpp"
#include "ops/operation.hpp"
#include "rest/handlers.hpp"

namespace carrel::rest {

class Bindings {
public:
    void add(std::vector<Binding> bindings);
    /// One route for each row of ops::desk_operations(). Throws Error{internal} unless every row has
    /// exactly one binding and every binding a row.
    void route(net::Router& router) const;
    /// What the row's handler answers; what it throws as a problem. Only rows that are routed can be called.
    Task<net::Response> call(const ops::Operation& row, net::Request& request) const;

private:
    const Binding* find(const ops::Operation& row) const;

    std::vector<Binding> bindings_;
};

}  // namespace carrel::rest
