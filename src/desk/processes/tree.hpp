// Who belongs to whom among the desk's processes, and signals to all of a family.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "async/run_on.hpp"

namespace carrel::desk::processes {

/// Of /proc/<pid>/stat; see proc(5).
struct ProcessFacts {
    pid_t pid = 0;
    pid_t parent = 0;
    pid_t group = 0;
    pid_t session = 0;
    bool is_zombie = false;
};

/// Reads a stat line; nothing when it is none. Names with spaces and brackets lead nowhere. Pure.
std::optional<ProcessFacts> parse_stat(std::string_view line);

/// Every process of the desk. Reads all of /proc: work for the pool where many may run.
std::vector<ProcessFacts> read_facts();

/// Who has `leader`'s session. Pure, like the next.
std::vector<pid_t> session_of(std::span<const ProcessFacts> processes, pid_t leader);
/// The members of `leader`'s session and everything that descends from one of them.
std::vector<pid_t> family_of(std::span<const ProcessFacts> processes, pid_t leader);

/// `name=value` of the environment that a process was started with.
bool has_mark(pid_t process, std::string_view mark);

/// The family of a process, and what has left it (a daemon) but carries `mark` in its environment.
/// Blocks while it reads /proc.
std::vector<pid_t> find_family(pid_t leader, const std::string& mark);

/// All that have a variable of that name in the environment that they were started with, and their families.
/// Blocks likewise.
std::vector<pid_t> find_marked(std::string_view name);

/// Sends `signal` to all that `find` gives; how many there were. Whom SIGKILL shall end, it stops first, with
/// what is born meanwhile.
int signal_all(const std::function<std::vector<pid_t>()>& find, int signal);

/// Ends a session as a terminal does that is closed: SIGHUP, and after `patience` SIGKILL for who is still
/// there. Who has left the session lives on.
async::Task<> end_session(async::Pool& pool, pid_t leader, async::Duration patience);

}  // namespace carrel::desk::processes
