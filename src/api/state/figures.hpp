// GET /metrics: what has been counted, and what there is at this moment.
#pragma once

#include <memory>

#include "api/routes.hpp"
#include "api/state/sources.hpp"
#include "fleet/load.hpp"

namespace carrel::api {

/// Figures of desks: one series a living desk, so that a desk's end is theirs too.
void add_loads(metrics::Sheet& sheet, const fleet::DeskLoads& loads);

/// The binding of `metrics`; `loads` and what `sources` refers to outlive it.
Binding figures_binding(Sources sources, fleet::Loads& loads);

}  // namespace carrel::api
