// Starts a program that owns a pseudo-terminal (pty(7)).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "core/fd.hpp"

namespace carrel::desk::spawn {

struct PtySize {
    int columns = 80;
    int rows = 24;
};

struct PtyEnds {
    core::Fd master;  ///< non-blocking
    core::Fd slave;
};

/// A new pseudo-terminal. Throws when the kernel gives none.
PtyEnds open_pty(PtySize size);
void resize_pty(int master, PtySize size);

/// What runs in a process of its own.
struct ChildWish {
    std::string program;             ///< path
    std::vector<std::string> words;  ///< the first is its name
    std::string folder;
    std::vector<std::string> environment;  ///< "NAME=value", over what programs of the desk get
};

struct Child {
    pid_t process = 0;  ///< also its group and its session
    core::Fd handle;    ///< pidfd: readable when it has ended
};

/// Descriptors of the child's own: standard input, output and error.
struct ChildEnds {
    int input = -1;
    int output = -1;
    int error = -1;
    bool has_terminal = false;  ///< `input` is its controlling terminal
};

/// Starts a child in a session of its own, and returns when it executes the program. Throws not_found
/// with reason "no_such_folder" when it cannot enter the folder, and what the kernel says else.
Child spawn_child(const ChildWish& wish, const ChildEnds& ends);

}  // namespace carrel::desk::spawn
