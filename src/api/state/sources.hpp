// Where the server looks to say how it is: for health and figures.
#pragma once

#include <cstddef>
#include <functional>

#include "core/clock.hpp"
#include "fleet/fleet.hpp"
#include "metrics/metrics.hpp"
#include "session/service.hpp"
#include "store/store.hpp"

namespace carrel::api {

struct Sources {
    session::SessionService& service;
    const session::Models& models;
    const fleet::Fleet& fleet;
    store::Store& store;
    metrics::Metrics& metrics;
    const core::Clock& clock;
    std::function<std::size_t()> connections;  ///< that are open now
};

}  // namespace carrel::api
