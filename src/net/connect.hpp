// Connecting to Unix sockets.
#pragma once

#include <chrono>
#include <string>

#include "async/task.hpp"
#include "core/fd.hpp"

namespace carrel::net {

/// A connected, non-blocking socket. Throws Error{unavailable} when nobody listens at `path`, or the
/// listener's queue is full for longer than `limit`.
async::Task<core::Fd> connect_socket(std::string path, std::chrono::milliseconds limit);

}  // namespace carrel::net
