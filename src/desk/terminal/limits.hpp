// What a shell may have of the kernel (ulimit): a command that sets such a limit in the desk's one shell sets
// it for all that follow, which fail in words that do not lead there ("Segmentation fault").
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <array>
#include <string>

namespace carrel::desk::terminal {

struct NamedLimit {
    __rlimit_resource resource;
    char letter;  ///< of bash's ulimit
    rlim_t unit;  ///< what bash counts, in what the kernel counts
};

/// Those that keep programs from starting or running.
constexpr std::array named_limits{
    NamedLimit{RLIMIT_NPROC, 'u', 1},    NamedLimit{RLIMIT_NOFILE, 'n', 1},
    NamedLimit{RLIMIT_STACK, 's', 1024}, NamedLimit{RLIMIT_DATA, 'd', 1024},
    NamedLimit{RLIMIT_AS, 'v', 1024},    NamedLimit{RLIMIT_FSIZE, 'f', 1024},
    NamedLimit{RLIMIT_CPU, 't', 1},
};

/// The soft limits of a process, in the order of the table.
using Limits = std::array<rlim_t, named_limits.size()>;

/// Those of a process that has ended are unlimited.
Limits read_limits(pid_t process);

/// "ulimit -u 0, -s 8" of those that are lower `now` than `before`; empty when none is. Pure.
std::string describe_lowered(const Limits& before, const Limits& now);

}  // namespace carrel::desk::terminal
