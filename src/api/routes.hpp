// From operation rows to routes: who may call is decided here, once, before any handler runs.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/callers/auth.hpp"
#include "api/state/observing.hpp"
#include "net/router.hpp"
#include "ops/operation.hpp"
#include "ops/principal.hpp"

namespace carrel::api {

using async::Task;
using ops::Principal;

using Handling = std::function<Task<net::Response>(net::Request&, const Principal& principal)>;

/// The function behind a row. `principal` is who asks, and may do what the row asks for; a guest only on
/// rows that are open.
struct Binding {
    std::string_view name;  ///< of the row
    Handling handler;
};

/// Adds a route for every row; throws Error{internal} when a row has no binding, or a binding no row.
/// `gatekeeper` and `rows` must outlive the router.
void add_routes(net::Router& router, Gatekeeper& gatekeeper, std::span<const ops::Operation> rows,
                const std::vector<Binding>& bindings, const Observer& observer = {});

/// One route behind the same checks: a foreign page is refused, then who shows no key (401), then whose
/// role is not enough for the row (403), then who asks too often (429) or has too much under way (503). A
/// wrong key is answered the later the more there were. What goes on after the answer's head is cut when what
/// has let the caller in ends. For rows whose path depends on where they are offered. `observer`, if there is
/// one, hears of every answer, refusals too.
net::Route guarded(Gatekeeper& gatekeeper, const ops::Operation& row, std::string path,
                   net::ErrorAnswer error_answer, Handling handler, Observer observer = {});

}  // namespace carrel::api
