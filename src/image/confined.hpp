// A child process that the host's files and users are out of reach of; the part of contained.cpp that does
// it.
#pragma once

#include <sys/types.h>

#include "image/contained.hpp"

namespace carrel::image {

/// The host's uid and gid that a confined program's 0 is; 65536 of them. Below those of desks, above those
/// that systemd, Incus and LXD give out.
inline constexpr unsigned first_confined_id = 0x7000'0000;

/// As fork, in the first process of new mount, pid and network namespaces, with its own /proc: also this
/// process has the small root then. Says on standard error what failed, and ends the process.
pid_t fork_confined(const Confinement& confinement);

}  // namespace carrel::image
