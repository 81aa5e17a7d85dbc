#include "jail/desks/workspace.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <filesystem>
#include <memory>
#include <string_view>

#include "core/id.hpp"
#include "core/sys.hpp"
#include "jail/desks/mounts.hpp"
#include "jail/process/channel.hpp"
#include "jail/process/user.hpp"

namespace carrel::jail::desks {

namespace {

using core::checked;
using core::Fd;

/// Of a skeleton: an image's home has a few files.
constexpr int deepest_skeleton = 32;

void copy_bytes(const Fd& from, const Fd& to) {
    constexpr std::size_t much = std::size_t{1} << 30;
    while (checked("copy a file of the skeleton", ::sendfile(to.get(), from.get(), nullptr, much)) > 0) {
    }
}

void copy_folder(int from, int to, int depth);

/// Files, links and folders; whatever else an image may hold in its home is left out.
void copy_entry(int from, int to, const char* name, int depth) {
    struct stat status;
    checked("look at the skeleton", ::fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW));
    if (S_ISLNK(status.st_mode)) {
        std::array<char, PATH_MAX> target{};
        checked("read a link of the skeleton", ::readlinkat(from, name, target.data(), target.size() - 1));
        checked("copy a link of the skeleton", ::symlinkat(target.data(), to, name));
    } else if (S_ISREG(status.st_mode)) {
        const Fd source{
            checked("open the skeleton", ::openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC))};
        const Fd copy{
            checked("make a file", ::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600))};
        copy_bytes(source, copy);
    } else if (S_ISDIR(status.st_mode)) {
        const Fd source{checked("open the skeleton",
                                ::openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))};
        checked("make a folder", ::mkdirat(to, name, 0700));
        const Fd copy{checked("open a folder", ::openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC))};
        copy_folder(source.get(), copy.get(), depth + 1);
    } else {
        return;
    }
    checked("chown", ::fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW));
    if (!S_ISLNK(status.st_mode)) checked("chmod", ::fchmodat(to, name, status.st_mode & 0777, 0));
}

void copy_folder(int from, int to, int depth) {
    if (depth > deepest_skeleton) return;
    const std::unique_ptr<DIR, decltype(&::closedir)> folder{::fdopendir(::dup(from)), &::closedir};
    if (!folder) throw core::system_error("read the skeleton", errno);
    while (const dirent* entry = ::readdir(folder.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") copy_entry(from, to, entry->d_name, depth);
    }
}

/// Whole or not at all: under another name first.
void make_part(const plan::step::SendTree& step, const std::string& path) {
    const auto fresh = fmt::format("{}/new-{}", step.folder, core::random_hex(8));
    checked("make " + path, ::mkdir(fresh.c_str(), 0755));
    const auto folder = core::open_file(fresh, O_RDONLY | O_DIRECTORY);
    checked("chown " + path, ::fchown(folder.get(), wire::agent, wire::agent));
    if (const Fd skeleton{::open(step.skeleton.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)})
        copy_folder(skeleton.get(), folder.get(), 0);
    checked("make " + path, ::rename(fresh.c_str(), path.c_str()));
}

/// In a child of the jail: inside the desk as its root, with no more power over the host than that has.
void attach_inside(const Fd& desk, const std::vector<Tree>& trees) {
    checked("enter the desk", ::setns(desk.get(), CLONE_NEWUSER | CLONE_NEWNS));
    process::become_root();
    const auto root = core::open_file("/", O_PATH | O_DIRECTORY);
    for (const auto& [tree, at] : trees) attach_below(tree.get(), at, root.get());
}

}  // namespace

std::string name_of(const wire::Workspace& workspace) { return workspace.owner + "/" + workspace.name; }

Fd open_part(const plan::step::SendTree& step, int user_namespace) {
    std::filesystem::create_directories(step.folder);
    checked("chmod " + step.folder, ::chmod(step.folder.c_str(), 0700));
    const auto path = step.folder + "/" + step.part;
    if (::access(path.c_str(), F_OK) < 0) make_part(step, path);
    return idmapped_tree(path, user_namespace, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

void attach_in_desk(const Fd& desk, const std::vector<Tree>& trees) {
    auto [ours, theirs] = process::make_channel();
    const auto child = checked("fork", ::fork());
    if (child == 0) {
        try {
            attach_inside(desk, trees);
            ::_exit(0);
        } catch (const core::Error& error) {
            process::send_packet(theirs.get(), process::format_failure(error));
        } catch (...) {
        }
        ::_exit(1);
    }
    theirs.reset();
    const auto failure = process::receive_packet(ours.get());
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!failure && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
        throw core::Error{core::Code::internal, "mounting the workspace: its process was ended"};
    if (failure) throw process::parse_failure(failure->text).during("mounting the workspace");
}

}  // namespace carrel::jail::desks
