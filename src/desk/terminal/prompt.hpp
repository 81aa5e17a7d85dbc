// Finds out that a command waits for input from its terminal, where nobody sits.
//
// Commands get their input from elsewhere, so who asks on the terminal itself (a password, "yes or no") would
// wait until the time is over. The kernel tells in which call a process sleeps, /proc/<pid>/syscall (see
// proc(5)), and /proc/<pid>/fd what that call reads. A kernel or a program that hides this is taken for one
// that works.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace carrel::desk::terminal {

/// The descriptor that a sleeping thread reads, of a line of /proc/<pid>/syscall; nothing when it does
/// something else, or runs. Pure.
std::optional<std::uint64_t> parse_reading(std::string_view line);

/// The file, as /proc/<pid>/fd names it ("pipe:[1234]"), that a process sleeps reading in its first thread;
/// empty when it does something else, or hides it.
std::string file_being_read(pid_t process);

/// The last line of what a program has printed on its terminal, without control characters and sequences; its
/// end if it is long. Empty when nothing was printed. Pure.
std::string last_line(std::string_view printed);

/// A member of the process group that sleeps reading `terminal` ("/dev/pts/0"); nothing when there is none.
/// Reads all of /proc: work for the pool.
std::optional<pid_t> find_terminal_reader(pid_t group, const std::string& terminal);

}  // namespace carrel::desk::terminal
