#include "jail/desks/disk_watch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "core/log.hpp"
#include "core/sys.hpp"
#include "jail/process/pidfd.hpp"

namespace carrel::jail::desks {

namespace {

using core::Fd;

/// Between two measurements of a layer; many times what one takes.
constexpr std::chrono::seconds shortest_between{10};
constexpr int share_of_time = 20;

}  // namespace

DiskWatch::DiskWatch(const Identity& identity, Fd disk)
    : limit_{identity.disk}, is_measured_{identity.disk_way == disk_watched}, disk_{std::move(disk)} {
    if (limit_ > 0) full_ = Fd{core::checked("eventfd", ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))};
}

void DiskWatch::look(const Fd& process, pid_t pid) {
    if (!is_on() || is_measured_) return;
    try {
        // An overlay answers with what its upper layer has. Held no longer than this takes: it would keep
        // the file system from being unmounted.
        const Fd root = disk_ ? Fd{} : core::open_file(fmt::format("/proc/{}/root", pid), O_PATH);
        const auto room = disks::read_room(disk_ ? disk_.get() : root.get());
        if (process::has_ended(process)) return;
        written_ = room.used;
        judge(disks::is_full(room), disks::has_room(room));
    } catch (const core::Error& error) {
        core::log_debug("looking at a desk's disk: {}", error.message());
    }
}

void DiskWatch::close_for_writing(bool is_closed) {
    // That of a desk which an earlier jail made is nowhere to be had.
    if (!disk_ || is_closed_ == is_closed) return;
    try {
        disks::close_for_writing(disk_, is_closed);
        is_closed_ = is_closed;
    } catch (const core::Error& error) {
        core::log_warning("a desk's disk cannot be {}: {}", is_closed ? "closed" : "opened again",
                          error.message());
    }
}

void DiskWatch::note_measured(std::uint64_t bytes, Clock::time_point now) {
    written_ = bytes;
    next_ = now + std::max<Clock::duration>(shortest_between, (now - began_) * share_of_time);
    judge(bytes >= limit_, bytes < limit_ - limit_ / 64);
}

/// Told once, until there is room again.
void DiskWatch::judge(bool is_full, bool has_room) {
    if (is_full && !is_full_) wake();
    if (is_full || has_room) is_full_ = is_full;
}

void DiskWatch::wake() const {
    constexpr std::uint64_t once = 1;
    // One that is full of news is as good.
    [[maybe_unused]] const auto written = ::write(full_.get(), &once, sizeof once);
}

Fd DiskWatch::end() {
    if (is_on()) wake();
    return std::move(disk_);
}

}  // namespace carrel::jail::desks
