#include "image/confined.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "core/sys.hpp"

namespace carrel::image {

namespace {

namespace fs = std::filesystem;
using core::checked;
using core::Fd;

constexpr unsigned ids = 65536;

struct Pipe {
    Fd out;
    Fd in;
    Pipe() {
        int ends[2];
        checked("pipe", ::pipe2(ends, O_CLOEXEC));
        out = Fd{ends[0]};
        in = Fd{ends[1]};
    }
    void tell() const { core::write_all(in.get(), "x"); }
    /// Whether somebody told; false when all who could are gone.
    bool hear() const {
        char heard = 0;
        ssize_t count = 0;
        while ((count = ::read(out.get(), &heard, 1)) < 0 && errno == EINTR) continue;
        return count == 1;
    }
};

/// A detached copy of the directory's mount with these attributes; with a namespace, ids on disk are its own.
Fd tree_of(const std::string& path, std::uint64_t attributes, int user_namespace = -1) {
    Fd tree{checked("open " + path, static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, path.c_str(),
                                                               OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)))};
    mount_attr attr{.attr_set = attributes, .attr_clr = 0, .propagation = 0, .userns_fd = 0};
    if (user_namespace >= 0) {
        attr.attr_set |= MOUNT_ATTR_IDMAP;
        attr.userns_fd = static_cast<std::uint64_t>(user_namespace);
    }
    checked("set the attributes of " + path,
            ::syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH, &attr, sizeof attr));
    return tree;
}

/// At what is there, or at a new folder.
void attach(const Fd& tree, const std::string& at) {
    ::mkdir(at.c_str(), 0755);
    checked("attach " + at,
            ::syscall(SYS_move_mount, tree.get(), "", AT_FDCWD, at.c_str(), MOVE_MOUNT_F_EMPTY_PATH));
}

/// The host's programs and libraries, to be read: /usr, and where the host has them beside it (not merged).
void attach_programs(const std::string& root) {
    constexpr std::uint64_t to_read = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    attach(tree_of("/usr", to_read), root + "/usr");
    for (const auto* name : {"bin", "sbin", "lib", "lib64"}) {
        const auto host = fs::path{"/"} / name;
        if (fs::is_symlink(host))
            fs::copy_symlink(host, fs::path{root} / name);
        else if (fs::is_directory(host))
            attach(tree_of(host, to_read), fmt::format("{}/{}", root, name));
    }
}

/// The one device that programs expect to be there.
void attach_null(const std::string& root) {
    ::mkdir((root + "/dev").c_str(), 0755);
    const auto at = root + "/dev/null";
    (void)core::open_file(at, O_WRONLY | O_CREAT, 0666);
    attach(tree_of("/dev/null", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC), at);
}

/// Leaves nothing of the host in sight but that.
void enter_small_root(const Confinement& confinement, int user_namespace) {
    const auto draft =
        tree_of(confinement.folder, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, user_namespace);
    const auto root = confinement.folder;  // covered from here on
    checked("mount a root",
            ::mount("carrel", root.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0755"));
    attach_programs(root);
    attach_null(root);
    attach(draft, root + std::string{confined_folder});
    ::mkdir((root + "/proc").c_str(), 0755);
    checked("mount /proc", ::mount("proc", (root + "/proc").c_str(), "proc",
                                   MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, nullptr));
    checked("enter the root", ::chdir(root.c_str()));
    checked("pivot_root", ::syscall(SYS_pivot_root, ".", "."));
    checked("leave the host's root", ::umount2(".", MNT_DETACH));
    mount_attr to_read{.attr_set = MOUNT_ATTR_RDONLY, .attr_clr = 0, .propagation = 0, .userns_fd = 0};
    checked("close the root", ::syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &to_read, sizeof to_read));
}

void limit(__rlimit_resource resource, std::uint64_t most) {
    const rlimit both{most, most};
    checked("set a limit", ::setrlimit(resource, &both));
}

void become_nobody_of_the_host(const Confinement& confinement) {
    checked("setgroups", ::setgroups(0, nullptr));
    checked("setgid", ::setresgid(0, 0, 0));
    checked("setuid", ::setresuid(0, 0, 0));
    checked("enter /draft", ::chdir(std::string{confined_folder}.c_str()));
    limit(RLIMIT_FSIZE, confinement.largest_file);
    limit(RLIMIT_CORE, 0);
    checked("no new privileges", ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    // The death of who watches reaches us, also after the change of the user.
    checked("prctl(PR_SET_PDEATHSIG)", ::prctl(PR_SET_PDEATHSIG, SIGKILL));
    // For skopeo, which looks for settings of its user.
    ::setenv("HOME", std::string{confined_folder}.c_str(), 1);
    ::setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
}

pid_t fork_and_confine(const Confinement& confinement) {
    Pipe unshared;
    Pipe mapped;
    const pid_t child = checked("fork", ::fork());
    if (child == 0) {
        mapped.in.reset();
        checked("make a user namespace", ::unshare(CLONE_NEWUSER));
        unshared.tell();
        if (!mapped.hear()) ::_exit(1);
        become_nobody_of_the_host(confinement);
        return 0;
    }
    unshared.in.reset();
    if (!unshared.hear()) throw core::Error{core::Code::internal, "the confined process ended at once"};
    for (const auto* map : {"uid_map", "gid_map"})
        core::write_existing(fmt::format("/proc/{}/{}", child, map),
                             fmt::format("0 {} {}", first_confined_id, ids));
    const auto space = core::open_file(fmt::format("/proc/{}/ns/user", child), O_RDONLY);
    enter_small_root(confinement, space.get());
    mapped.tell();
    return child;
}

}  // namespace

pid_t fork_confined(const Confinement& confinement) {
    try {
        return fork_and_confine(confinement);
    } catch (...) {
        const auto line = core::message_of(std::current_exception()) + "\n";
        [[maybe_unused]] const auto written = ::write(2, line.data(), line.size());
        ::_exit(1);
    }
}

}  // namespace carrel::image
