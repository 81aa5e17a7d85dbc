#include "jail/desks/mounts.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "core/sys.hpp"

namespace carrel::jail::desks {

namespace {

using core::checked;
using core::Fd;

Fd open_context(const std::string& type) {
    return Fd{checked("open file system " + type, ::fsopen(type.c_str(), FSOPEN_CLOEXEC))};
}

void set_option(const Fd& context, const std::string& key, const std::string& value) {
    const auto result = value.empty()
                            ? ::fsconfig(context.get(), FSCONFIG_SET_FLAG, key.c_str(), nullptr, 0)
                            : ::fsconfig(context.get(), FSCONFIG_SET_STRING, key.c_str(), value.c_str(), 0);
    checked(fmt::format("set mount option {}={}", key, value), result);
}

void set_layer(const Fd& context, const char* key, const Fd& layer) {
    checked(fmt::format("set overlay's {}", key),
            ::fsconfig(context.get(), FSCONFIG_SET_FD, key, nullptr, layer.get()));
}

Fd mounted(const Fd& context, const std::string& type, std::uint64_t attributes) {
    return Fd{checked("mount " + type,
                      ::fsmount(context.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)))};
}

/// Overlay keeps the credentials of whoever creates it and acts on the upper layer as them. They
/// must have ids that the layers' map knows, else it can make no file and mounts itself read-only;
/// and all capabilities, which a change of the uid takes away unless a secure bit says no.
class AsFirstId {
public:
    explicit AsFirstId(std::uint32_t first)
        : bits_{checked("read the secure bits", ::prctl(PR_GET_SECUREBITS))} {
        checked("set the secure bits", ::prctl(PR_SET_SECUREBITS, bits_ | SECBIT_NO_SETUID_FIXUP));
        ::setfsuid(first);
        ::setfsgid(first);
    }
    AsFirstId(const AsFirstId&) = delete;
    AsFirstId& operator=(const AsFirstId&) = delete;
    ~AsFirstId() {
        ::setfsuid(::geteuid());
        ::setfsgid(::getegid());
        ::prctl(PR_SET_SECUREBITS, bits_);
    }

private:
    int bits_;
};

void create_as(const Fd& context, std::uint32_t first) {
    const AsFirstId as{first};
    checked("mount overlay", ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
}

/// A layer attached below `scratch` for as long as this lives: before Linux 6.13 overlay takes
/// paths, and only of mounts that are attached.
class Attached {
public:
    Attached(const Fd& tree, std::string at) : at_{std::move(at)} {
        ::mkdir(at_.c_str(), 0700);
        checked("attach a layer",
                ::move_mount(tree.get(), "", AT_FDCWD, at_.c_str(), MOVE_MOUNT_F_EMPTY_PATH));
    }
    Attached(Attached&& other) noexcept : at_{std::exchange(other.at_, {})} {}
    Attached& operator=(Attached&&) = delete;
    ~Attached() {
        if (at_.empty()) return;
        ::umount2(at_.c_str(), MNT_DETACH);
        ::rmdir(at_.c_str());
    }

private:
    std::string at_;
};

/// By descriptor, so that a path with ':' or ',' in it means nothing.
std::string path_of(const Fd& fd) { return fmt::format("/proc/self/fd/{}", fd.get()); }

void create_by_path(const Fd& context, const plan::step::Overlay& step, const std::vector<Fd>& lowers,
                    const Fd& folder, const std::string& scratch) {
    std::vector<Attached> attached;
    attached.emplace_back(folder, scratch + "/upper");
    std::string paths;
    for (std::size_t i = 0; i < lowers.size(); ++i) {
        attached.emplace_back(lowers[i], fmt::format("{}/{}", scratch, i));
        paths += (i > 0 ? ":" : "") + path_of(lowers[i]);
    }
    set_option(context, "lowerdir", paths);
    set_option(context, "upperdir", path_of(folder) + "/upper");
    set_option(context, "workdir", path_of(folder) + "/work");
    create_as(context, step.first_id);
}

void create_by_descriptor(const Fd& context, const plan::step::Overlay& step, const std::vector<Fd>& lowers,
                          const Fd& folder) {
    for (const auto& lower : lowers) set_layer(context, "lowerdir+", lower);
    const auto part = [&](const char* name) {
        return Fd{checked("open the upper layer",
                          ::openat(folder.get(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))};
    };
    set_layer(context, "upperdir", part("upper"));
    set_layer(context, "workdir", part("work"));
    create_as(context, step.first_id);
}

/// Something below the new root; no symbolic link is followed, none leads outside.
Fd find_below(int root, const std::string& path, std::uint64_t flags) {
    const auto relative = path.substr(1);
    const open_how how{
        .flags = flags | O_CLOEXEC, .mode = 0, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    return Fd{static_cast<int>(::syscall(SYS_openat2, root, relative.c_str(), &how, sizeof how))};
}

Fd open_below(int root, const std::string& path, std::uint64_t flags) {
    auto fd = find_below(root, path, flags);
    checked("open " + path + " of the desk", fd.get());
    return fd;
}

struct Place {
    Fd parent;
    std::string name;
};

Place place_of(int root, const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == 0) return {Fd{checked("duplicate", ::fcntl(root, F_DUPFD_CLOEXEC, 3))}, path.substr(1)};
    return {open_below(root, path.substr(0, slash), O_PATH | O_DIRECTORY), path.substr(slash + 1)};
}

Fd mount_point(int root, const std::string& path) {
    if (auto found = find_below(root, path, O_PATH | O_DIRECTORY)) return found;
    const auto place = place_of(root, path);
    checked("make " + path, ::mkdirat(place.parent.get(), place.name.c_str(), 0755));
    return open_below(root, path, O_PATH | O_DIRECTORY);
}

void attach(int tree, const Fd& target, const std::string& at) {
    checked("mount at " + at,
            ::move_mount(tree, "", target.get(), "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

}  // namespace

namespace {

void map_ids(const Fd& tree, const std::string& path, int user_namespace, std::uint64_t attributes) {
    mount_attr attr{.attr_set = MOUNT_ATTR_IDMAP | attributes,
                    .attr_clr = 0,
                    .propagation = 0,
                    .userns_fd = static_cast<std::uint64_t>(user_namespace)};
    if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attr, sizeof attr) == 0) return;
    auto error = core::system_error("map the ids of layer " + path, errno);
    if (errno != EINVAL) throw error;
    throw core::Error{core::Code::unavailable,
                      error.message() + "; its file system cannot: keep --data on ext4, xfs or btrfs"};
}

}  // namespace

Fd idmapped_tree(const std::string& path, int user_namespace, std::uint64_t attributes) {
    Fd tree{checked(
        "open layer " + path,
        ::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW))};
    map_ids(tree, path, user_namespace, attributes);
    return tree;
}

Fd mount_overlay(const plan::step::Overlay& step, int user_namespace, const Fd& disk,
                 const std::string& scratch) {
    std::vector<Fd> lowers;
    lowers.reserve(step.lowers.size());
    for (const auto& path : step.lowers)
        lowers.push_back(idmapped_tree(path, user_namespace, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV));
    const Fd folder = disk ? disk.duplicate() : idmapped_tree(step.folder, user_namespace, MOUNT_ATTR_NODEV);
    if (disk) map_ids(disk, "on the desk's disk", user_namespace, MOUNT_ATTR_NODEV);
    const Fd context = open_context("overlay");
    // A desk's layer is never mounted a second time, so syncing it to disk is wasted work.
    set_option(context, "volatile", "");
    step.by_descriptor ? create_by_descriptor(context, step, lowers, folder)
                       : create_by_path(context, step, lowers, folder, scratch);
    return mounted(context, "overlay", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

void attach_root(int root) {
    checked("make mounts private", ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
    // Any directory that every system has. /proc, /sys and /dev must stay in sight: the kernel lets a
    // user namespace mount its own only beside a fully visible one.
    checked("attach the desk's root", ::move_mount(root, "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH));
}

void mount_filesystem(const plan::step::Filesystem& step, int root) {
    const auto target = mount_point(root, step.at);
    const auto context = open_context(step.type);
    for (const auto& [key, value] : step.options) set_option(context, key, value);
    checked("mount " + step.at, ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
    attach(mounted(context, step.type, step.attributes).get(), target, step.at);
}

void attach_below(int tree, const std::string& at, int root) { attach(tree, mount_point(root, at), at); }

void bind_device(const plan::step::Device& step, int root) {
    const auto place = place_of(root, step.path);
    const Fd file{checked("make " + step.path, ::openat(place.parent.get(), place.name.c_str(),
                                                        O_CREAT | O_EXCL | O_CLOEXEC, 0666))};
    const Fd device{checked(
        "open " + step.path,
        ::open_tree(AT_FDCWD, step.path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW))};
    attach(device.get(), file, step.path);
}

void hide(const plan::step::Hide& step, int root) {
    if (const auto folder = find_below(root, step.path, O_PATH | O_DIRECTORY)) {
        const auto context = open_context("tmpfs");
        set_option(context, "mode", "0555");
        set_option(context, "size", "4k");
        checked("mount " + step.path, ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
        const auto empty = mounted(
            context, "tmpfs", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        attach(empty.get(), folder, step.path);
    } else if (const auto file = find_below(root, step.path, O_PATH)) {
        const auto null = open_below(root, "/dev/null", O_PATH);
        const Fd empty{
            checked("open /dev/null of the desk",
                    ::open_tree(null.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH))};
        attach(empty.get(), file, step.path);
    }
}

void make_link(const plan::step::Link& step, int root) {
    const auto place = place_of(root, step.path);
    checked("link " + step.path, ::symlinkat(step.target.c_str(), place.parent.get(), place.name.c_str()));
}

void make_folder(const plan::step::InnerFolder& step, int root) {
    const auto place = place_of(root, step.path);
    const auto* name = place.name.c_str();
    checked("make " + step.path, ::mkdirat(place.parent.get(), name, step.mode));
    // mkdir takes the umask away, and the sticky bit with it.
    checked("chmod " + step.path, ::fchmodat(place.parent.get(), name, step.mode, 0));
    checked("chown " + step.path,
            ::fchownat(place.parent.get(), name, step.owner, step.owner, AT_SYMLINK_NOFOLLOW));
}

void pivot(int root) {
    checked("enter the desk's root", ::fchdir(root));
    checked("pivot_root", ::syscall(SYS_pivot_root, ".", "."));
    checked("detach the host's root", ::umount2(".", MNT_DETACH));
    checked("enter /", ::chdir("/"));
}

void make_read_only(const plan::step::ReadOnly& step) {
    // By the older call: a detached tree takes a mount namespace, of which none is allowed any more.
    const auto* path = step.path.c_str();
    checked("bind " + step.path, ::mount(path, path, nullptr, MS_BIND, nullptr));
    mount_attr attributes{.attr_set = MOUNT_ATTR_RDONLY, .attr_clr = 0, .propagation = 0, .userns_fd = 0};
    checked("make " + step.path + " read-only",
            ::mount_setattr(AT_FDCWD, path, 0, &attributes, sizeof attributes));
}

}  // namespace carrel::jail::desks
