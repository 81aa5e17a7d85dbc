// Whether a desk is idle, from what is known about its use and its work. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "fleet/driver.hpp"
#include "session/viewers.hpp"

namespace carrel::session {

/// What a desk does between two looks at it.
struct Work {
    double cores = 0;                     ///< processor time per time
    double network_bytes_per_second = 0;  ///< both ways
    double disk_bytes_per_second = 0;
};

/// Below these a desk counts as doing nothing: clocks, cursors and keep-alives stay below, a build or a
/// download does not.
inline constexpr Work idle_work{
    .cores = 0.05, .network_bytes_per_second = 4 * 1024, .disk_bytes_per_second = 64 * 1024};

/// Nothing when one of both does not say.
Work work_between(const fleet::Usage& before, const fleet::Usage& after, std::chrono::duration<double> time);

/// A process that uses processor time, in the desk's own words.
struct BusyProcess {
    int pid = 0;
    std::string name;
    double cores = 0;
};

struct Signs {
    ViewerCounts viewers;
    std::size_t uses = 0;  ///< calls, transfers, terminals, streams
    bool has_turn = false;
    Work work;
    std::optional<BusyProcess> process;  ///< the busiest
};

/// What keeps it awake, as sentences; none when it is idle.
std::vector<std::string> reasons_of(const Signs& signs);

}  // namespace carrel::session
