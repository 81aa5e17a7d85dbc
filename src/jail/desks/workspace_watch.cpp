#include "jail/desks/workspace_watch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/major.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/log.hpp"
#include "core/sys.hpp"
#include "jail/disks/disk.hpp"
#include "jail/process/pidfd.hpp"

namespace carrel::jail::desks {

namespace {

bool is_on_loop(const core::Fd& folder) {
    struct stat status;
    core::checked("stat a workspace", ::fstat(folder.get(), &status));
    return major(status.st_dev) == LOOP_MAJOR;
}

}  // namespace

WorkspaceWatch::WorkspaceWatch()
    : full_{core::checked("eventfd", ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))} {}

void WorkspaceWatch::look(const core::Fd& process, pid_t pid, bool host_is_short) {
    try {
        // Held no longer than this takes: it would keep the disk from being unmounted. In this place a desk
        // can put nothing else, since the folder above is its root's.
        const auto top =
            core::open_file(fmt::format("/proc/{}/root/workspace", pid), O_PATH | O_DIRECTORY | O_NOFOLLOW);
        if (process::has_ended(process) || !is_on_loop(top)) return;
        if (is_closed_ != host_is_short) disks::close_for_writing(top, host_is_short);
        is_closed_ = host_is_short;
        const auto room = disks::read_room(top.get());
        const bool was_full = is_full_;
        if (disks::is_full(room)) is_full_ = true;
        if (disks::has_room(room)) is_full_ = false;
        if (is_full_ && !was_full) wake();
    } catch (const core::Error& error) {
        core::log_debug("looking at a workspace's disk: {}", error.message());
    }
}

void WorkspaceWatch::wake() const {
    constexpr std::uint64_t once = 1;
    // One that is full of news is as good.
    [[maybe_unused]] const auto written = ::write(full_.get(), &once, sizeof once);
}

}  // namespace carrel::jail::desks
