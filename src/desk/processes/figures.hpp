// How much of the desk's processor, memory, processes and disk is used, and what its limits are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "json/parse.hpp"

namespace carrel::desk::processes {

/// What the jail told at the desk's start (CARREL_CPU, CARREL_MEMORY, CARREL_PROCESSES); each absent where
/// the host enforces no such limit.
struct DeskLimits {
    std::optional<std::uint64_t> memory;     ///< bytes
    std::optional<double> cpus;              ///< processors' worth of time
    std::optional<std::uint64_t> processes;  ///< processes and threads
};

/// Bytes: of the whole machine, and of the desk as far as /proc tells.
struct MemoryFacts {
    std::uint64_t machine = 0;
    std::uint64_t machine_available = 0;
    std::uint64_t used = 0;
};

/// "MemAvailable:   1234 kB" of /proc/meminfo, in bytes; 0 when there is no such line. Pure.
std::uint64_t memory_figure(std::string_view text, std::string_view name);

/// Pages that are a process's alone, of /proc/<pid>/statm; 0 when the text is none. Pure.
std::uint64_t private_pages(std::string_view statm);

/// The desk's memory as answers tell it: never more than its limit, nor than the machine has left. Pure.
json::Object memory_answer(const MemoryFacts& facts, const DeskLimits& limits);

/// The limits in this program's environment.
DeskLimits read_limits();

/// cpu, memory, disk, processes, uptime_seconds: all of system/info that must be measured. Blocks.
json::Object read_figures(const DeskLimits& limits, const std::string& home);

}  // namespace carrel::desk::processes
