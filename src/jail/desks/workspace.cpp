#include "jail/desks/workspace.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <climits>
#include <filesystem>
#include <memory>
#include <string_view>

#include "core/deletion.hpp"
#include "core/id.hpp"
#include "core/sys.hpp"
#include "jail/desks/mounts.hpp"
#include "jail/disks/disk.hpp"
#include "jail/disks/workspace_disk.hpp"
#include "jail/host/data.hpp"
#include "jail/process/errand.hpp"
#include "jail/process/user.hpp"

namespace carrel::jail::desks {

namespace {

using core::checked;
using core::Fd;

/// All desks wait meanwhile.
constexpr std::chrono::seconds longest_opening{10};

/// Of a skeleton: an image's home has a few files. An imported image may hold anything.
constexpr int deepest_skeleton = 32;
constexpr std::size_t most_skeleton_files = 20'000;
constexpr std::uint64_t most_skeleton_bytes = 256ull << 20;

/// How a part is called until it is whole.
constexpr std::string_view unfinished = "new-";

[[noreturn]] void refuse_skeleton(const std::string& what) {
    throw core::Error{core::Code::invalid,
                      "the image's home cannot begin a workspace's: it has " + what +
                          "; take a workspace without home, or an image with less in /home/agent",
                      "home_too_large"};
}

/// Copies what an image has in its home.
class Skeleton {
public:
    void copy_folder(int from, int to, int depth = 0);

private:
    void copy_entry(int from, int to, const char* name, int depth);
    void copy_file(int from, int to, const char* name);

    std::size_t files_ = 0;
    std::uint64_t bytes_ = 0;
};

void Skeleton::copy_file(int from, int to, const char* name) {
    const Fd source{checked("open the skeleton", ::openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC))};
    const Fd copy{checked("make a file", ::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600))};
    constexpr std::size_t much = std::size_t{1} << 24;
    while (const auto count =
               checked("copy a file of the skeleton", ::sendfile(copy.get(), source.get(), nullptr, much)))
        // Holes are copied as zeros, and count as such.
        if ((bytes_ += static_cast<std::uint64_t>(count)) > most_skeleton_bytes)
            refuse_skeleton(fmt::format("more than {} MiB", most_skeleton_bytes >> 20));
}

/// Files, links and folders; whatever else an image may hold in its home is left out.
void Skeleton::copy_entry(int from, int to, const char* name, int depth) {
    if (++files_ > most_skeleton_files)
        refuse_skeleton(fmt::format("more than {} files", most_skeleton_files));
    struct stat status;
    checked("look at the skeleton", ::fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW));
    if (S_ISLNK(status.st_mode)) {
        std::array<char, PATH_MAX> target{};
        checked("read a link of the skeleton", ::readlinkat(from, name, target.data(), target.size() - 1));
        checked("copy a link of the skeleton", ::symlinkat(target.data(), to, name));
    } else if (S_ISREG(status.st_mode)) {
        copy_file(from, to, name);
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

void Skeleton::copy_folder(int from, int to, int depth) {
    if (depth > deepest_skeleton)
        refuse_skeleton(fmt::format("folders in one another more than {} deep", deepest_skeleton));
    const std::unique_ptr<DIR, decltype(&::closedir)> folder{::fdopendir(::dup(from)), &::closedir};
    if (!folder) throw core::system_error("read the skeleton", errno);
    while (const dirent* entry = ::readdir(folder.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") copy_entry(from, to, entry->d_name, depth);
    }
}

/// What a copy that was broken off has left.
void remove_unfinished(const std::string& folder) {
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
        if (!entry.path().filename().string().starts_with(unfinished)) continue;
        core::delete_path(entry.path());
    }
}

/// Whole or not at all: under another name first.
void make_part(const std::string& path, const std::string& skeleton) {
    const std::filesystem::path place{path};
    remove_unfinished(place.parent_path());
    const auto fresh = fmt::format("{}/{}{}", place.parent_path().string(), unfinished, core::random_hex(8));
    checked("make " + path, ::mkdir(fresh.c_str(), 0755));
    try {
        const auto folder = core::open_file(fresh, O_RDONLY | O_DIRECTORY);
        checked("chown " + path, ::fchown(folder.get(), wire::agent, wire::agent));
        if (const Fd from{::open(skeleton.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)})
            Skeleton{}.copy_folder(from.get(), folder.get());
        checked("make " + path, ::rename(fresh.c_str(), path.c_str()));
    } catch (...) {
        core::delete_path(fresh);
        throw;
    }
}

void require_fewer_workspaces(const std::string& owner, std::uint32_t most) {
    if (most == 0 || ::access(owner.c_str(), F_OK) < 0) return;
    std::uint32_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator{owner}) count += is_workspace(entry.path());
    if (count >= most)
        throw core::Error{
            core::Code::invalid,
            fmt::format("you have {} workspaces, as many as one may have here: delete one first", count),
            "too_many_workspaces"};
}

void make_disk(const std::string& folder, std::uint64_t room) {
    try {
        disks::make_workspace_disk(folder, room);
    } catch (const core::Error& error) {
        throw disks::no_disk("the workspace", error);
    }
}

void begin_workspace(const std::string& folder, const plan::HostFacts& facts) {
    require_fewer_workspaces(std::filesystem::path{folder}.parent_path(), facts.most_workspaces);
    std::filesystem::create_directories(folder);
    checked("chmod " + folder, ::chmod(folder.c_str(), 0700));
    if (facts.workspace_disk > 0 && facts.own_disks) make_disk(folder, facts.workspace_disk);
}

Fd mount_disk(const std::string& folder) {
    try {
        return disks::mount_workspace_disk(folder, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    } catch (const core::Error& error) {
        if (error.code() == core::Code::timeout) throw;
        throw core::Error{core::Code::unavailable,
                          "the disk of the workspace cannot be mounted: " + error.message(), "no_disk"};
    }
}

/// In a child of the jail: in a namespace of mounts that goes with it.
std::string attach_disk(const std::string& folder, const std::string& at) {
    checked("new mount namespace", ::unshare(CLONE_NEWNS));
    const auto disk = mount_disk(folder);
    checked("attach a workspace's disk",
            ::move_mount(disk.get(), "", AT_FDCWD, at.c_str(), MOVE_MOUNT_F_EMPTY_PATH));
    return at;
}

Fd open_part_here(const plan::step::SendTree& step, int user_namespace, const plan::HostFacts& facts) {
    if (!is_workspace(step.folder)) begin_workspace(step.folder, facts);
    const auto folder = disks::has_workspace_disk(step.folder)
                            ? attach_disk(step.folder, host::scratch_folder(facts.data))
                            : step.folder;
    const auto path = folder + "/" + step.part;
    if (::access(path.c_str(), F_OK) < 0) make_part(path, step.skeleton);
    return idmapped_tree(path, user_namespace, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
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

bool is_workspace(const std::string& folder) {
    return disks::has_workspace_disk(folder) || ::access((folder + "/files").c_str(), F_OK) == 0;
}

Fd open_part(const plan::step::SendTree& step, int user_namespace, const plan::HostFacts& facts) {
    auto opened = process::run_errand("opening the workspace", longest_opening, [&] {
        std::vector<Fd> trees;
        trees.push_back(open_part_here(step, user_namespace, facts));
        return trees;
    });
    return std::move(opened.at(0));
}

Fd open_to_read(const std::string& folder) {
    if (disks::has_workspace_disk(folder))
        return disks::mount_workspace_disk(
            folder, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    return core::open_file(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

void attach_in_desk(const Fd& desk, const std::vector<Tree>& trees) {
    process::run_errand("mounting the workspace", longest_opening, [&] {
        attach_inside(desk, trees);
        return std::vector<Fd>{};
    });
}

}  // namespace carrel::jail::desks
