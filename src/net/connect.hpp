// Connecting to sockets of this machine.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "async/task.hpp"
#include "core/fd.hpp"

namespace carrel::net {

/// A connected, non-blocking socket. Throws Error{unavailable} when nobody listens at `path`, or the
/// listener's queue is full for longer than `limit`.
async::Task<core::Fd> connect_socket(std::string path, std::chrono::milliseconds limit);

/// A connected socket to 127.0.0.1, without Nagle's delay. Throws Error{unavailable} when nobody listens
/// there. It waits as long as the listener's queue is full: set a deadline.
async::Task<core::Fd> connect_loopback(std::uint16_t port);

}  // namespace carrel::net
