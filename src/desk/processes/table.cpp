#include "desk/processes/table.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "core/error.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::desk::processes {

namespace {

constexpr std::size_t longest_command = 1000;
constexpr std::size_t longest_name = 15;  ///< TASK_COMM_LEN of the kernel
/// Far beyond the processes that a desk may have.
constexpr std::size_t most_processes = 16 * 1024;

/// Places in /proc/<pid>/stat after the name, from 0.
enum Place : std::size_t {
    state = 0,
    parent = 1,
    user = 11,
    system = 12,
    threads = 17,
    start = 19,
    resident = 21
};

struct StateName {
    char letter;
    std::string_view name;
};
constexpr std::array state_names{
    StateName{'R', "running"}, StateName{'S', "sleeping"}, StateName{'D', "disk_sleep"},
    StateName{'T', "stopped"}, StateName{'t', "traced"},   StateName{'Z', "zombie"},
    StateName{'X', "dead"},    StateName{'I', "idle"},     StateName{'P', "parked"},
};

/// The beginning of a file of /proc: a program can make its words as long as it likes.
std::string read_beginning(const std::string& path, std::size_t most) {
    const auto file = core::open_file(path, O_RDONLY);
    std::string text(most, '\0');
    std::size_t length = 0;
    while (length < most) {
        const auto count = core::checked("read " + path, ::read(file.get(), &text[length], most - length));
        if (count == 0) break;
        length += static_cast<std::size_t>(count);
    }
    text.resize(length);
    return text;
}

double rounded(double number) { return std::round(number * 10) / 10; }

}  // namespace

std::optional<Process> parse_process(std::string_view stat) {
    const auto begin = stat.find(" (");
    // The name may hold anything: only the last parenthesis is surely not part of it.
    const auto end = stat.rfind(") ");
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin + 2)
        return std::nullopt;
    const auto pid = core::parse_unsigned(stat.substr(0, begin));
    const auto fields = core::split(core::trim(stat.substr(end + 2)), ' ');
    if (!pid || fields.size() <= resident || fields[state].size() != 1) return std::nullopt;
    bool is_whole = true;
    const auto number = [&](Place place) {
        const auto value = core::parse_unsigned(fields[place]);
        is_whole &= value.has_value();
        return value.value_or(0);
    };
    Process process{.pid = static_cast<pid_t>(*pid),
                    .parent = static_cast<pid_t>(number(parent)),
                    .name = core::repair_utf8(stat.substr(begin + 2, end - begin - 2)),
                    .state = fields[state][0],
                    .cpu_ticks = number(user) + number(system),
                    .start_ticks = number(start),
                    .resident_pages = number(resident),
                    .threads = number(threads),
                    .command = {}};
    if (!is_whole) return std::nullopt;
    return process;
}

std::string command_line(std::string_view words, std::string_view name) {
    while (words.ends_with('\0')) words.remove_suffix(1);
    if (words.empty()) return fmt::format("[{}]", name);
    std::string line{words.substr(0, longest_command + 4)};
    std::ranges::replace(line, '\0', ' ');
    line = core::repair_utf8(line);
    return std::string{core::utf8_prefix(line, longest_command)};
}

std::string_view name_of_state(char state) {
    const auto found = std::ranges::find(state_names, state, &StateName::letter);
    return found == state_names.end() ? "unknown" : found->name;
}

double age(const Process& process, const Clockwork& clockwork) {
    return std::max(0.0, rounded(clockwork.uptime -
                                 static_cast<double>(process.start_ticks) / clockwork.ticks_per_second));
}

double cpu_percent(const Process& process, const Clockwork& clockwork) {
    // The kernel counts in ticks: a life shorter than one is taken for one.
    const auto life = std::max(
        clockwork.uptime * clockwork.ticks_per_second - static_cast<double>(process.start_ticks), 1.0);
    return rounded(100 * static_cast<double>(process.cpu_ticks) / life);
}

double resident_megabytes(const Process& process, const Clockwork& clockwork) {
    return rounded(static_cast<double>(process.resident_pages) * clockwork.page_bytes / (1 << 20));
}

bool is_named(const Process& process, std::string_view name) {
    return process.name == core::repair_utf8(name.substr(0, longest_name));
}

std::vector<Process> family(const std::vector<Process>& all, pid_t root) {
    std::vector<Process> members;
    std::set<pid_t> known;
    const auto add = [&](const Process& process) {
        if (known.insert(process.pid).second) members.push_back(process);
    };
    for (const auto& process : all)
        if (process.pid == root) add(process);
    for (std::size_t i = 0; i < members.size(); ++i)
        for (const auto& process : all)
            if (process.parent == members[i].pid) add(process);
    return members;
}

std::optional<Process> find_process(const std::string& folder, pid_t pid) {
    const auto place = fmt::format("{}/{}", folder, pid);
    try {
        auto process = parse_process(core::read_file(place + "/stat"));
        if (process)
            process->command =
                command_line(read_beginning(place + "/cmdline", longest_command + 4), process->name);
        return process;
    } catch (const core::Error&) {
        return std::nullopt;  // it has ended, or ends just now (ESRCH)
    }
}

std::vector<Process> read_processes(const std::string& folder) {
    std::vector<Process> processes;
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator{folder, failure}) {
        const auto pid = core::parse_unsigned(entry.path().filename().string());
        if (!pid || processes.size() == most_processes) continue;
        if (auto process = find_process(folder, static_cast<pid_t>(*pid)))
            processes.push_back(std::move(*process));
    }
    std::ranges::sort(processes, {}, &Process::pid);
    return processes;
}

Clockwork read_clockwork(const std::string& folder) {
    const auto uptime = core::read_file(folder + "/uptime");
    return {.ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK)),
            .page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE)),
            .uptime = std::strtod(uptime.c_str(), nullptr)};
}

}  // namespace carrel::desk::processes
