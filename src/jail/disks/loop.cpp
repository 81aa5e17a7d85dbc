#include "jail/disks/loop.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <filesystem>

#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::jail::disks {

namespace {

using core::checked;
using core::Code;
using core::Error;
using core::Fd;

/// The kernel's loop devices stand on sectors of 4 KiB where the disk does; smaller blocks fail there.
constexpr std::uint32_t sector_size = 4096;
/// Somebody else may take the loop device that the kernel named to us.
constexpr int most_tries = 100;

/// In a container there are as many as somebody made nodes of.
Fd open_device(const std::string& path) {
    Fd device{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
    if (!device && (errno == ENOENT || errno == ENXIO || errno == EPERM))
        throw Error{Code::unavailable,
                    fmt::format("all loop devices that this machine has for us are in use: the next would be "
                                "{} ({})",
                                path, core::describe_errno(errno))};
    checked("open " + path, device.get());
    return device;
}

}  // namespace

Loop attach_loop(const Fd& file, std::string_view name) {
    const auto control = core::open_file("/dev/loop-control", O_RDWR);
    loop_config config{};
    config.fd = static_cast<std::uint32_t>(file.get());
    config.block_size = sector_size;
    // Direct: else what is written would be held in memory twice, and counted twice.
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO;
    name.copy(reinterpret_cast<char*>(config.info.lo_file_name), LO_NAME_SIZE - 1);
    for (int i = 0; i < most_tries; ++i) {
        const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
        if (number < 0 && (errno == ENOSPC || errno == ENOMEM))
            throw Error{Code::unavailable, "all loop devices that the kernel can have are in use"};
        checked("find a loop device", number);
        Loop loop{fmt::format("/dev/loop{}", number), {}};
        loop.device = open_device(loop.path);
        if (::ioctl(loop.device.get(), LOOP_CONFIGURE, &config) == 0) return loop;
        if (errno != EBUSY) throw core::system_error("set up " + loop.path, errno);
    }
    throw Error{Code::unavailable, "others take all loop devices"};
}

std::optional<Loop> find_loop(const Fd& file) {
    struct stat wanted;
    checked("stat a disk", ::fstat(file.get(), &wanted));
    for (const auto& entry : std::filesystem::directory_iterator{"/sys/block"}) {
        const auto name = entry.path().filename().string();
        if (!name.starts_with("loop")) continue;
        // Desks' disks, of which there are many, have no name; opening one that ends would hold it up.
        const auto backing = core::find_file_text(entry.path().string() + "/loop/backing_file");
        if (!backing || core::trim(*backing).ends_with("(deleted)")) continue;
        Loop loop{"/dev/" + name, Fd{::open(("/dev/" + name).c_str(), O_RDONLY | O_CLOEXEC)}};
        loop_info64 info{};
        // While it is open it keeps the file that it has now: who asks before may ask about another one's.
        if (!loop.device || ::ioctl(loop.device.get(), LOOP_GET_STATUS64, &info) < 0) continue;
        if (info.lo_inode == wanted.st_ino && info.lo_device == wanted.st_dev) return loop;
    }
    return std::nullopt;
}

}  // namespace carrel::jail::disks
