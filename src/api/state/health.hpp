// Whether the server is well, and if it is not, why.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "api/routes.hpp"
#include "api/state/sources.hpp"

namespace carrel::api {

/// What there is to judge.
struct Vitals {
    std::string_view store = "ok";           ///< "ok", "full" or "failed"
    std::chrono::milliseconds store_took{};  ///< to answer
    store::Room room;
    bool has_model_key = true;  ///< of the vendor of new sessions, or it needs none
    bool can_start_desks = true;
    std::size_t failed_creations = 0;  ///< of sessions, in a row until now
    std::size_t desks = 0;
    std::size_t most_desks = 1;
    std::size_t host_warnings = 0;  ///< what the host lacks, by the driver's word
};

struct Verdict {
    std::string_view status;                ///< "healthy"; "degraded"; "unhealthy": nothing can be made
    std::vector<std::string_view> reasons;  ///< stable words, such as "disk_low"; of the healthy none
};

/// Pure.
Verdict judge(const Vitals& vitals);

/// Bindings of health and health/ready; what `sources` refers to outlives them.
std::vector<Binding> health_bindings(Sources sources);

}  // namespace carrel::api
