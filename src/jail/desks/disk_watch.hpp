// What one desk has written, and whether it has met its limit.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/fd.hpp"
#include "jail/desks/identity.hpp"
#include "jail/disks/disk.hpp"

namespace carrel::jail::desks {

class DiskWatch {
public:
    using Clock = std::chrono::steady_clock;

    /// Of a desk without a limit.
    DiskWatch() = default;
    /// `disk`: the mount that holds the layer; none of a desk that an earlier jail made.
    DiskWatch(const Identity& identity, core::Fd disk);

    bool is_on() const { return static_cast<bool>(full_); }
    /// Becomes readable when the limit is met, and when the desk is gone.
    core::Fd listen() const { return full_.duplicate(); }

    /// Looks at a disk of its own. `process`: the desk's first.
    void look(const core::Fd& process, pid_t pid);
    /// Whether the host has no room for what the desk writes: then its disk takes no more.
    void close_for_writing(bool is_closed);
    /// When it is to be measured next; nothing where it has a disk of its own.
    bool is_due(Clock::time_point now) const { return is_measured_ && now >= next_; }
    void begin_measure(Clock::time_point now) { began_ = now; }
    void note_measured(std::uint64_t bytes, Clock::time_point now);

    std::optional<std::uint64_t> written() const { return written_; }

    /// The desk is gone: wakes who listens, and hands the mount over.
    core::Fd end();

private:
    void judge(bool is_full, bool has_room);
    void wake() const;

    std::uint64_t limit_ = 0;
    bool is_measured_ = false;
    bool is_full_ = false;
    bool is_closed_ = false;
    core::Fd disk_;
    core::Fd full_;  ///< eventfd
    std::optional<std::uint64_t> written_;
    Clock::time_point began_;
    Clock::time_point next_;
};

}  // namespace carrel::jail::desks
