// Starts an interactive bash that owns a terminal but neither reads its commands from it nor shows
// what they print there.
//
// Job control, and with it "interrupt what runs and keep the shell", needs a controlling terminal, so
// bash gets a pseudo-terminal as its standard output and error. Its commands come through a pipe: no
// program that reads or flushes the terminal can swallow one.
#pragma once

#include <sys/types.h>

#include <string>

#include "core/fd.hpp"

namespace carrel::desk::terminal {

struct SpawnedShell {
    pid_t process = 0;  ///< also its process group and its session
    core::Fd handle;    ///< pidfd: readable when the process has ended
    core::Fd terminal;  ///< the pseudo-terminal's other side, non-blocking
    core::Fd input;     ///< commands are written here, non-blocking
    /// The reading side of `input`. Held so that writing to a dead shell is no SIGPIPE.
    core::Fd input_reader;
};

/// `bash` is the path of the shell, `home` the directory it starts in (the root when there is none).
/// Throws when the kernel gives no process or no terminal; a bash that cannot be executed ends with 127.
SpawnedShell spawn_shell(const std::string& bash, const std::string& home);

}  // namespace carrel::desk::terminal
