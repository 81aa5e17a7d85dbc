#include "jail/cgroup/sweep.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "core/id.hpp"
#include "core/sys.hpp"
#include "jail/process/deadline.hpp"
#include "jail/wire/spec.hpp"

namespace carrel::jail::cgroup {

namespace {

namespace fs = std::filesystem;
using core::checked;
using core::Fd;

constexpr std::string_view name_begin = "carrel-";
constexpr const char* turn_file = "/run/carrel-jail-start";

bool is_jails_folder(const std::string& name) {
    return name.starts_with(name_begin) && wire::is_hex(std::string_view{name}.substr(name_begin.size()), 8);
}

bool is_still_there(const std::string& path, const Fd& folder) {
    struct stat now, held;
    return ::stat(path.c_str(), &now) == 0 && ::fstat(folder.get(), &held) == 0 && now.st_ino == held.st_ino;
}

/// rmdir spares every group with a process, and every folder with such a group.
void remove_if_empty(const fs::path& folder) {
    const Fd held{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!held || ::flock(held.get(), LOCK_EX | LOCK_NB) < 0) return;
    std::error_code none;
    for (const auto& group : fs::directory_iterator{folder, none})
        if (core::is_id("desk_", group.path().filename().string())) ::rmdir(group.path().c_str());
    ::rmdir(folder.c_str());
}

}  // namespace

Fd wait_for_turn() {
    auto file = core::open_file(turn_file, O_RDWR | O_CREAT, 0600);
    const process::Deadline deadline{std::chrono::seconds{10}};
    while (::flock(file.get(), LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK) throw core::system_error(fmt::format("lock {}", turn_file), errno);
        deadline.pause("waiting for other jails' starts");
    }
    return file;
}

std::vector<Fd> hold_hierarchies(const std::vector<Hierarchy>& hierarchies) {
    std::vector<Fd> held;
    for (const auto& tree : hierarchies) {
        auto folder = core::open_file(tree.folder, O_RDONLY | O_DIRECTORY);
        checked("lock " + tree.folder, ::flock(folder.get(), LOCK_SH));
        if (!is_still_there(tree.folder, folder))
            throw core::Error{
                core::Code::unavailable,
                fmt::format("{} was removed while this jail started: start again", tree.folder)};
        held.push_back(std::move(folder));
    }
    return held;
}

void sweep_hierarchies(const std::vector<Hierarchy>& hierarchies) {
    for (const auto& tree : hierarchies) {
        const fs::path own{tree.folder};
        std::error_code none;
        for (const auto& entry : fs::directory_iterator{own.parent_path(), none})
            if (entry.path() != own && is_jails_folder(entry.path().filename().string()))
                remove_if_empty(entry.path());
    }
}

}  // namespace carrel::jail::cgroup
