// The processes of a desk, as /proc tells them (proc(5)).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carrel::desk::processes {

/// Where the kernel tells of processes.
constexpr auto proc = "/proc";

struct Process {
    pid_t pid = 0;
    pid_t parent = 0;
    std::string name;  ///< as the kernel knows it: at most 15 bytes; UTF-8, repaired
    char state = '?';  ///< the letter of /proc/<pid>/stat
    std::uint64_t cpu_ticks = 0;
    std::uint64_t start_ticks = 0;  ///< after the machine's start
    std::uint64_t resident_pages = 0;
    std::uint64_t threads = 0;
    std::string command;  ///< its words with spaces between; "[name]" when it has none; cut after 1,000 bytes
};

/// What a process's numbers are measured with.
struct Clockwork {
    double ticks_per_second = 100;
    double page_bytes = 4096;
    double uptime = 0;  ///< of the machine, seconds
};

/// The text of /proc/<pid>/stat; nothing when it is none. A name may hold spaces and parentheses. Pure.
std::optional<Process> parse_process(std::string_view stat);

/// The text of /proc/<pid>/cmdline as a line. Pure.
std::string command_line(std::string_view words, std::string_view name);

/// "sleeping", of the letter of /proc/<pid>/stat.
std::string_view name_of_state(char state);

/// Percent of one processor over the whole life of the process; 200 when it kept two busy.
double cpu_percent(const Process& process, const Clockwork& clockwork);
/// Seconds since its start.
double age(const Process& process, const Clockwork& clockwork);
/// Of memory that is in RAM now, shared pages included.
double resident_megabytes(const Process& process, const Clockwork& clockwork);

/// Whether the kernel knows it by that name, of which it keeps 15 bytes.
bool is_named(const Process& process, std::string_view name);

/// `root` and all that descend from it, parents before their children; empty when it is not there. Pure.
std::vector<Process> family(const std::vector<Process>& all, pid_t root);

/// Every process below `folder` (/proc), by pid; those that end meanwhile are left out. Blocks.
std::vector<Process> read_processes(const std::string& folder);
/// Nothing when there is no such process.
std::optional<Process> find_process(const std::string& folder, pid_t pid);
/// Blocks.
Clockwork read_clockwork(const std::string& folder);

}  // namespace carrel::desk::processes
