#include "session/idleness.hpp"

#include <fmt/format.h>

namespace carrel::session {

namespace {

double rate(const std::optional<std::uint64_t>& before, const std::optional<std::uint64_t>& after,
            std::chrono::duration<double> time) {
    if (!before || !after || *after < *before) return 0;
    return static_cast<double>(*after - *before) / time.count();
}

std::string count_of(std::size_t count, std::string_view one, std::string_view many) {
    return count == 1 ? fmt::format("1 {}", one) : fmt::format("{} {}", count, many);
}

std::string percent(double cores) { return fmt::format("{:.0f} % of a core", cores * 100); }

}  // namespace

Work work_between(const fleet::Usage& before, const fleet::Usage& after, std::chrono::duration<double> time) {
    Work work;
    if (time.count() <= 0) return work;
    if (before.processor_time && after.processor_time && *after.processor_time > *before.processor_time)
        work.cores = std::chrono::duration<double>(*after.processor_time - *before.processor_time) / time;
    work.network_bytes_per_second =
        rate(before.received, after.received, time) + rate(before.sent, after.sent, time);
    work.disk_bytes_per_second = rate(before.disk, after.disk, time);
    return work;
}

std::vector<std::string> reasons_of(const Signs& signs) {
    std::vector<std::string> reasons;
    if (signs.has_turn) reasons.emplace_back("the agent is at work");
    if (const auto viewers = signs.viewers.watching + signs.viewers.in_control; viewers > 0)
        reasons.push_back(count_of(viewers, "viewer", "viewers"));
    // A viewer's connection is a use as well.
    const auto viewers = signs.viewers.watching + signs.viewers.in_control;
    if (signs.uses > viewers)
        reasons.push_back(count_of(signs.uses - viewers, "call, stream or transfer that is open",
                                   "calls, streams or transfers that are open"));
    if (signs.work.cores > idle_work.cores) {
        const auto& process = signs.process;
        if (process && process->cores > idle_work.cores)
            reasons.push_back(
                fmt::format("pid {} {}: {}", process->pid, process->name, percent(process->cores)));
        else
            reasons.push_back(fmt::format("its programs: {}", percent(signs.work.cores)));
    }
    if (signs.work.network_bytes_per_second > idle_work.network_bytes_per_second)
        reasons.push_back(fmt::format("network: {:.0f} KiB/s", signs.work.network_bytes_per_second / 1024));
    if (signs.work.disk_bytes_per_second > idle_work.disk_bytes_per_second)
        reasons.push_back(fmt::format("disk: {:.0f} KiB/s", signs.work.disk_bytes_per_second / 1024));
    return reasons;
}

}  // namespace carrel::session
