#include "jail/plan/bounds.hpp"
#include "core/desk_shape.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>

namespace carrel::jail::plan {

namespace {

constexpr std::uint32_t cpu_period = 100'000;  // microseconds, the kernel's own default

bool has(const HostFacts& facts, bool cgroup::Hierarchy::* limit) {
    return std::ranges::any_of(facts.hierarchies, [&](const auto& tree) { return tree.*limit; });
}

/// Percent of one processor. A tenth of the machine stays for the host and the server, also where a desk
/// may have as many processors as there are.
std::uint32_t cpu_of(const wire::Limits& limits, const HostFacts& facts) {
    return std::min(limits.cpu, facts.processors * 90);
}

/// Buffers of TCP and UDP, beside the memory limit: cgroup v1 counts them apart, and only where they have
/// a limit. An eighth is many full windows at once.
std::uint64_t socket_memory_of(const wire::Limits& limits) {
    return std::min(limits.memory / 8, 64 * core::mebibyte);
}

/// Counted per uid, so per desk: the only limit of processes where there is no pids cgroup. Where there is
/// one, that shall be met first, because nothing tells of this one (fork counts both, this one before), and
/// it can be raised while the desk runs: this one stands above all that may be asked for.
std::uint64_t most_of_user(const wire::Limits& limits, const HostFacts& facts) {
    constexpr std::uint64_t room = 64;
    return has(facts, &cgroup::Hierarchy::processes) ? wire::most_processes + room : limits.processes;
}

}  // namespace

std::vector<step::Setting> group_settings(const cgroup::Hierarchy& tree, const std::string& group,
                                          const wire::Limits& limits, const HostFacts& facts) {
    std::vector<step::Setting> settings;
    const auto set = [&](std::string_view file, auto value, std::string without) {
        settings.push_back({fmt::format("{}/{}", group, file), fmt::to_string(value), std::move(without)});
    };
    const std::string swaps = facts.has_swap ? "the desk may swap beyond its memory limit" : "";
    if (tree.memory && tree.is_v2) {
        set("memory.max", limits.memory, "no memory limit");
        set("memory.swap.max", 0, swaps);
    } else if (tree.memory) {
        set("memory.limit_in_bytes", limits.memory, "no memory limit");
        set("memory.memsw.limit_in_bytes", limits.memory, swaps);
        set("memory.kmem.tcp.limit_in_bytes", socket_memory_of(limits),
            "buffers of sockets are outside the memory limit");
    }
    // What it saves in quiet moments a desk may spend at once, as when a browser starts (Linux 5.14).
    const auto quota = std::uint64_t{cpu_of(limits, facts)} * cpu_period / 100;
    if (tree.cpu && tree.is_v2) {
        set("cpu.max", fmt::format("{} {}", quota, cpu_period), "no processor limit");
        set("cpu.max.burst", quota, "");
    } else if (tree.cpu) {
        set("cpu.cfs_period_us", cpu_period, "");
        set("cpu.cfs_quota_us", quota, "no processor limit");
        set("cpu.cfs_burst_us", quota, "");
    }
    if (tree.processes) set("pids.max", limits.processes, "no limit of processes");
    return settings;
}

std::vector<step::ResourceLimit> resource_limits(const wire::Limits& limits, const HostFacts& facts) {
    return {// 0 would still feed the cores of crashed programs to a host's handler (core_pattern "|…"), as
            // root and outside; of 1 the kernel says that nobody can mean it (core(5), fs/coredump.c).
            {"core", RLIMIT_CORE, 1},
            {"nofile", RLIMIT_NOFILE, facts.most_files},
            {"nproc", RLIMIT_NPROC, most_of_user(limits, facts)},
            // Also the number of timers of timer_create(2).
            {"sigpending", RLIMIT_SIGPENDING, 4096},
            {"msgqueue", RLIMIT_MSGQUEUE, 819'200},
            {"memlock", RLIMIT_MEMLOCK, 8 * core::mebibyte},
            {"nice", RLIMIT_NICE, 0},
            {"rtprio", RLIMIT_RTPRIO, 0}};
}

std::vector<step::KernelValue> namespace_bounds() {
    std::vector<step::KernelValue> bounds;
    const auto set = [&](std::string_view what, std::string_view most) {
        bounds.push_back({fmt::format("/proc/sys/user/max_{}", what), std::string{most}});
    };
    // Chromium's sandbox needs some of the first three kinds for each tab; nothing needs the others, which
    // open much of the kernel.
    for (const char* kind : {"user", "pid"}) set(fmt::format("{}_namespaces", kind), "256");
    // Those of networks the kernel takes apart one after another for the whole host, and they count until
    // they are gone: few of them keep the next desk from waiting for this one's.
    set("net_namespaces", "32");
    for (const char* kind : {"mnt", "ipc", "uts", "cgroup", "time"})
        set(fmt::format("{}_namespaces", kind), "0");
    // The host has as many for each desk (host.cpp): editors and build tools watch whole source trees.
    set("inotify_instances", "1024");
    set("inotify_watches", "262144");
    set("fanotify_groups", "0");
    set("fanotify_marks", "0");
    return bounds;
}

std::vector<std::string> told_limits(const wire::Limits& limits, const HostFacts& facts) {
    std::vector<std::string> told{fmt::format("CARREL_PROCESSES={}", limits.processes)};
    if (has(facts, &cgroup::Hierarchy::memory))
        told.push_back(fmt::format("CARREL_MEMORY={}", limits.memory));
    if (has(facts, &cgroup::Hierarchy::cpu))
        told.push_back(fmt::format("CARREL_CPU={}", cpu_of(limits, facts)));
    return told;
}

}  // namespace carrel::jail::plan
