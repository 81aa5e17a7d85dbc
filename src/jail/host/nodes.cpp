#include "jail/host/nodes.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/sys.hpp"

namespace carrel::jail::host {

namespace {

using core::checked;
using core::Fd;

struct Device {
    std::string_view name;
    unsigned major;
    unsigned minor;
};

/// kernel: admin-guide/devices.txt
constexpr Device devices[] = {{"full", 1, 7}, {"null", 1, 3},    {"random", 1, 8},
                              {"tty", 5, 0},  {"urandom", 1, 9}, {"zero", 1, 5}};

const Device& device_of(std::string_view name) {
    for (const auto& device : devices)
        if (device.name == name) return device;
    throw core::Error{core::Code::internal, fmt::format("there is no device {}", name)};
}

void make_node(const Fd& folder, const std::string& name, uid_t owner) {
    const auto& device = device_of(name);
    checked("make the device " + name,
            ::mknodat(folder.get(), name.c_str(), S_IFCHR | 0666, ::makedev(device.major, device.minor)));
    checked("chmod the device " + name, ::fchmodat(folder.get(), name.c_str(), 0666, 0));
    checked("chown the device " + name,
            ::fchownat(folder.get(), name.c_str(), owner, owner, AT_SYMLINK_NOFOLLOW));
}

}  // namespace

Fd make_nodes(const plan::step::Nodes& step) {
    const Fd context{checked("open a file system for devices", ::fsopen("tmpfs", FSOPEN_CLOEXEC))};
    const auto owner = fmt::to_string(step.owner);
    for (const auto& [key, value] : {std::pair<const char*, const char*>{"mode", "0755"},
                                     {"size", "1m"},
                                     {"uid", owner.c_str()},
                                     {"gid", owner.c_str()}})
        checked("set up the file system for devices",
                ::fsconfig(context.get(), FSCONFIG_SET_STRING, key, value, 0));
    checked("make the file system for devices",
            ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
    Fd folder{checked("mount devices",
                      ::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC))};
    for (const auto& name : step.names) make_node(folder, name, step.owner);
    return folder;
}

bool can_make_nodes() {
    try {
        const auto folder = make_nodes({{"null"}, 0});
        return static_cast<bool>(Fd{::openat(folder.get(), "null", O_RDWR | O_CLOEXEC)});
    } catch (const core::Error&) {
        return false;
    }
}

}  // namespace carrel::jail::host
