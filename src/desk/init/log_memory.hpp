// The desk's log, as PID 1 writes it: a file of fixed size that the jail has made outside, mapped into
// memory.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/desk_log.hpp"
#include "core/fd.hpp"

namespace carrel::desk::init {

/// Keeps no descriptor of the file, so nobody who takes this process over later can make the file larger;
/// what is written is the kernel's at once, and survives this process however it ends.
class LogMemory {
public:
    /// Maps `file`, which must have core::desk_log_size bytes, and closes it. With any other file, or none,
    /// what is said goes to standard error.
    explicit LogMemory(core::Fd file);
    ~LogMemory();
    LogMemory(const LogMemory&) = delete;
    LogMemory& operator=(const LogMemory&) = delete;

    /// One line, at the present time. Never throws and never waits; on a full disk it may be lost.
    void add(core::Speaker speaker, std::string_view text) noexcept;

private:
    bool copy(const core::LogPlace& place);

    core::DeskLogFormat format_;
    char* memory_ = nullptr;
    core::Fd pipe_reader_;
    core::Fd pipe_writer_;
};

}  // namespace carrel::desk::init
