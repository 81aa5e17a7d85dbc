// How a child process ended.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <string>

#include "async/task.hpp"
#include "json/parse.hpp"

namespace carrel::desk::processes {

struct ChildEnd {
    int exit_code = 0;
    int signal = 0;  ///< that ended it; 0: it ended by itself

    /// As a shell counts: 128 + n after signal n.
    int code() const { return signal != 0 ? 128 + signal : exit_code; }
    /// "exit code 1", "SIGKILL".
    std::string text() const;
};

/// Adds `exit_code` (as a shell counts) and, when a signal ended it, `signal` with its name.
void add_end(json::Object& object, const ChildEnd& end);

/// Waits for the end of the child behind a pidfd and reaps it.
async::Task<ChildEnd> await_child(boost::asio::posix::stream_descriptor& handle);

}  // namespace carrel::desk::processes
