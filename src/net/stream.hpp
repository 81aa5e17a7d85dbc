// Byte streams over sockets.
#pragma once

#include <memory>
#include <string>

#include "async/task.hpp"
#include "core/fd.hpp"
#include "net/http.hpp"

namespace carrel::net {

/// A Stream over a connected socket, Unix or TCP. It throws Error{unavailable} when the other side breaks
/// off, and on its own close(). Reading and writing may overlap; each on its own one at a time.
std::unique_ptr<Stream> make_stream(async::Executor executor, core::Fd socket);

/// Connects to a listening Unix socket; throws Error{unavailable} when nobody listens there.
Task<std::unique_ptr<Stream>> connect_unix(std::string path);

/// Copies both ways until both have ended or one has failed; both are closed then. Never throws but for
/// cancellation.
Task<> relay(Stream& left, Stream& right);
/// The same, but when one has ended the other has `farewell` left: for protocols in which nobody talks on
/// to somebody who has hung up.
Task<> relay(Stream& left, Stream& right, async::Duration farewell);

}  // namespace carrel::net
