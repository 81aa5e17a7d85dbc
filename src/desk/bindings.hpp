// The desk's rows and who handles them.
#pragma once

#include <vector>

#include "desk/handlers.hpp"
#include "net/router.hpp"
#include "ops/operation.hpp"

namespace carrel::desk {

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

}  // namespace carrel::desk
