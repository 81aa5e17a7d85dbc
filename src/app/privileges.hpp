// From root to the user carrel: the jail is started first, then nothing privileged is left.
#pragma once

#include <sys/types.h>

#include <string>

#include "app/config.hpp"
#include "app/data_directory.hpp"
#include "core/fd.hpp"

namespace carrel::app {

/// The running `carrel-jail serve`.
struct JailProcess {
    core::Fd socket;  ///< requests and answers (jail/wire.hpp)
    core::Fd pidfd;   ///< readable when the jail has ended
};

/// Starts the program beside our own; throws Error when it is not there.
JailProcess start_jail(const Config& config, const DataDirectory& data, const User& user);

/// Drops root for good: user, groups, capabilities, and the right to gain any.
void become(const User& user);

/// Leaves this process, where the kernel can (core/landlock.hpp), the files that it works with: its own below
/// `data`, users' keys of models, and what asking a model over the network reads of the host. Before threads
/// are started.
void wall_in(const std::string& data, const std::string& model_keys);

}  // namespace carrel::app
