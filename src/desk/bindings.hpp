// The desk's rows and who handles them.
#pragma once

#include <vector>

#include "desk/handlers.hpp"
#include "net/router.hpp"

namespace carrel::desk {

class Bindings {
public:
    void add(std::vector<Binding> bindings);
    /// One route for each row of ops::desk_operations(). Throws Error{internal} unless every row has
    /// exactly one binding and every binding a row.
    void route(net::Router& router) const;

private:
    std::vector<Binding> bindings_;
};

}  // namespace carrel::desk
