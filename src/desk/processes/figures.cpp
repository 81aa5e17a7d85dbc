#include "desk/processes/figures.hpp"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/error.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "desk/processes/table.hpp"

namespace carrel::desk::processes {

namespace {

/// Files there lie in memory, and count as the desk's.
constexpr std::array memory_folders{"/tmp", "/dev/shm", "/run"};

std::optional<std::uint64_t> number_in(const char* name) {
    const char* text = std::getenv(name);
    return text ? core::parse_unsigned(text) : std::nullopt;
}

struct Disk {
    std::uint64_t total = 0;
    std::uint64_t available = 0;
    std::uint64_t used = 0;
};

/// Of the file system at `folder`, in bytes; nothing when it cannot be asked.
Disk read_disk(const char* folder) {
    struct statvfs figures{};
    if (::statvfs(folder, &figures) != 0) return {};
    const std::uint64_t block = figures.f_frsize;
    return {figures.f_blocks * block, figures.f_bavail * block, (figures.f_blocks - figures.f_bfree) * block};
}

MemoryFacts read_memory(const std::vector<Process>& processes) {
    const auto text = core::read_file("/proc/meminfo");
    MemoryFacts facts{.machine = memory_figure(text, "MemTotal:"),
                      .machine_available = memory_figure(text, "MemAvailable:")};
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    for (const auto& process : processes) try {
            facts.used +=
                page * private_pages(core::read_file("/proc/" + std::to_string(process.pid) + "/statm"));
        } catch (const core::Error&) {
            // It has ended.
        }
    for (const auto* folder : memory_folders) facts.used += read_disk(folder).used;
    return facts;
}

json::Object processor_answer(const DeskLimits& limits) {
    double loads[2]{};
    ::getloadavg(loads, 2);
    json::Object answer{
        {"count", ::sysconf(_SC_NPROCESSORS_ONLN)}, {"load_1m", loads[0]}, {"load_5m", loads[1]}};
    answer["limit"] = limits.cpus ? json::Value(*limits.cpus) : json::Value(nullptr);
    return answer;
}

}  // namespace

std::uint64_t memory_figure(std::string_view text, std::string_view name) {
    for (const auto line : core::split(text, '\n')) {
        if (!line.starts_with(name)) continue;
        auto rest = core::trim(line.substr(name.size()));
        rest = rest.substr(0, rest.find(' '));
        return core::parse_unsigned(rest).value_or(0) * 1024;
    }
    return 0;
}

std::uint64_t private_pages(std::string_view statm) {
    // size, resident, shared, … (proc(5))
    const auto fields = core::split(core::trim(statm), ' ');
    if (fields.size() < 3) return 0;
    const auto resident = core::parse_unsigned(fields[1]).value_or(0);
    return resident - std::min(resident, core::parse_unsigned(fields[2]).value_or(0));
}

json::Object memory_answer(const MemoryFacts& facts, const DeskLimits& limits) {
    const auto total = std::min(limits.memory.value_or(facts.machine), facts.machine);
    const auto used = std::min(facts.used, total);
    return {{"total_bytes", total},
            {"used_bytes", used},
            {"available_bytes", std::min(total - used, facts.machine_available)},
            {"is_limited", limits.memory.has_value()}};
}

DeskLimits read_limits() {
    DeskLimits limits{.memory = number_in("CARREL_MEMORY"), .processes = number_in("CARREL_PROCESSES")};
    if (const auto percent = number_in("CARREL_CPU")) limits.cpus = static_cast<double>(*percent) / 100;
    return limits;
}

json::Object read_figures(const DeskLimits& limits, const std::string& home) {
    const auto processes = read_processes(proc);
    std::uint64_t threads = 0;
    for (const auto& process : processes) threads += process.threads;
    const auto disk = read_disk(home.c_str());
    const auto first = find_process(proc, 1);
    return {{"cpu", processor_answer(limits)},
            {"memory", memory_answer(read_memory(processes), limits)},
            {"disk", json::Object{{"total_bytes", disk.total}, {"available_bytes", disk.available}}},
            {"processes", json::Object{{"count", processes.size()},
                                       {"threads", threads},
                                       {"limit", limits.processes ? json::Value(*limits.processes)
                                                                  : json::Value(nullptr)}}},
            {"uptime_seconds", first ? age(*first, read_clockwork(proc)) : 0.0}};
}

}  // namespace carrel::desk::processes
