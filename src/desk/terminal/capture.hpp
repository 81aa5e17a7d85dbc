// Where a command's output goes: a named pipe that the shell opens for each command.
//
// A background job keeps the pipe of its command open. Then the next command gets a new pipe under the
// same name, so that what a command printed is what that command printed, and the job's later words are
// collected apart (LateOutput).
#pragma once

#include <sys/types.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "async/scope.hpp"
#include "core/fd.hpp"

namespace carrel::desk::terminal {

using async::Task;

/// One named pipe, held open for reading.
class Capture {
public:
    using Take = std::function<void(std::string_view)>;

    /// Makes the pipe at `path` (0600), in place of whatever stands there.
    Capture(async::Executor executor, std::string path);

    /// Whether `path` still names this pipe.
    bool is_in_place() const;
    Task<> wait_readable();
    /// Ends a wait_readable.
    void cancel() { reader_.cancel(); }

    enum class Outcome { took, nothing, ended };
    /// Reads once, without waiting. `ended` when all of it was read and no writer is left.
    Outcome read_once(const Take& take);
    /// Reads what has been written by now, and not what comes meanwhile.
    void drain(const Take& take);
    /// Whether a process other than this one holds it open for writing. What it has written since is
    /// given to `take`.
    bool has_writers(const Take& take);
    /// From here on the pipe ends with its last writer.
    void let_end() { guard_.reset(); }

private:
    std::string path_;
    boost::asio::posix::stream_descriptor reader_;
    core::Fd guard_;  ///< our own writing side: a pipe between two commands is not at its end
    ino_t inode_ = 0;
};

/// What background jobs print after their command has ended: read so that no job ever waits for a
/// reader, the end of it kept until somebody asks.
class LateOutput {
public:
    explicit LateOutput(async::Executor executor) : scope_{std::move(executor)} {}

    void adopt(std::shared_ptr<Capture> capture);
    void add(std::string_view bytes);
    /// What came since the last call, as text; at most 4 KiB, the end of it.
    std::string take();
    /// How many pipes are followed.
    std::size_t size() const { return scope_.size(); }
    Task<> close() { return scope_.close(); }

private:
    Task<> follow(std::shared_ptr<Capture> capture);

    std::string kept_;
    async::Scope scope_;
};

}  // namespace carrel::desk::terminal
