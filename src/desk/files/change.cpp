#include "desk/files/change.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "desk/files/change_steps.hpp"
#include "desk/files/disk.hpp"
#include "desk/files/new_file.hpp"
#include "desk/files/paths.hpp"
#include "desk/files/walk.hpp"

namespace carrel::desk::files {

using core::Code;
using core::Error;

namespace {

constexpr std::size_t names_at_once = 1000;

/// Some of what the directory holds; nothing when it was deleted itself.
std::vector<std::string> names_left(int folder) {
    try {
        return read_names(folder, names_at_once);
    } catch (const Error& error) {
        if (error.code() == Code::not_found) return {};
        throw;
    }
}

}  // namespace

struct stat look_at_link(const std::string& path) {
    struct stat facts{};
    checked_disk("look at " + path, ::lstat(path.c_str(), &facts));
    return facts;
}

void refuse_same_file(const struct stat& from, int from_folder, const std::string& from_name,
                      const std::string& to) {
    struct stat there{};
    if (::lstat(to.c_str(), &there) != 0) return;
    const auto is_same = [&](const struct stat& one) {
        return one.st_dev == there.st_dev && one.st_ino == there.st_ino;
    };
    struct stat followed{};
    const bool is_target = S_ISLNK(from.st_mode) &&
                           ::fstatat(from_folder, from_name.c_str(), &followed, 0) == 0 && is_same(followed);
    if (is_same(from) || is_target)
        throw Error{Code::conflict, fmt::format("{} and {} are the same file", from_name, to)};
}

void throw_late(std::size_t files) {
    throw Error{Code::timeout, fmt::format("it takes longer than {} minutes; {} files were done",
                                           change_time.count(), files)};
}

bool make_folder(const std::string& path, bool parents) {
    if (parents) make_parents(path);
    if (::mkdir(path.c_str(), 0755) == 0) return true;
    if (errno == EEXIST && parents && is_directory(path)) return false;
    throw disk_error("make the directory " + path, errno);
}

void make_link(const std::string& path, const std::string& target) {
    if (target.contains('\0')) throw Error{Code::invalid, "a link's target cannot contain the character NUL"};
    checked_disk("make the link " + path, ::symlink(target.c_str(), path.c_str()));
}

bool rename_file(const std::string& from, const std::string& to, bool overwrite) {
    const auto facts = look_at_link(from);
    if (overwrite) refuse_same_file(facts, AT_FDCWD, from, to);
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), overwrite ? 0 : RENAME_NOREPLACE) == 0)
        return true;
    if (errno == EXDEV) return false;
    if (errno == EEXIST)
        throw Error{Code::conflict, fmt::format("{} exists{}", to,
                                                overwrite ? " and is a directory that holds something"
                                                          : "; say overwrite to replace it")};
    throw disk_error(fmt::format("move {} to {}", from, to), errno);
}

std::string destination_of(const std::string& from, const std::string& to) {
    return to.ends_with('/') ? join_path(to, last_step(from)) : to;
}

DeleteWork::DeleteWork(std::string path, bool recursive)
    : path_{without_slashes(path)},
      recursive_{recursive},
      end_{std::chrono::steady_clock::now() + change_time} {
    if (path_ == "/") throw Error{Code::invalid, "/ cannot be deleted"};
}

Error DeleteWork::failed(const std::string& name, int error_number) const {
    auto path = path_;
    for (std::size_t i = 1; i < frames_.size(); ++i) path = join_path(path, frames_[i].name);
    if (!frames_.empty()) path = join_path(path, name);
    auto error = disk_error("delete " + path, error_number);
    if (files_ > 0) error.during(fmt::format("{} files were deleted, but then", files_));
    return error;
}

void DeleteWork::start() {
    if (!S_ISDIR(look_at_link(path_).st_mode)) {
        checked_disk("delete " + path_, ::unlink(path_.c_str()));
        ++files_;
    } else if (recursive_) {
        descend(AT_FDCWD, path_);
    } else if (::rmdir(path_.c_str()) == 0) {
        ++files_;
    } else if (errno == ENOTEMPTY || errno == EEXIST) {
        throw Error{Code::conflict, path_ + " holds something; say recursive to delete all of it"};
    } else {
        throw disk_error("delete " + path_, errno);
    }
}

void DeleteWork::descend(int folder, const std::string& name) {
    if (frames_.size() == deepest)
        throw Error{Code::exhausted,
                    fmt::format("{} is deeper than {} levels; use rm -r in the terminal", path_, deepest)};
    core::Fd opened{::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!opened && errno == ENOENT && !frames_.empty()) return;  // somebody else deletes, too
    if (!opened) throw failed(name, errno);
    frames_.push_back({std::move(opened), name, {}});
}

void DeleteWork::step() {
    auto& top = frames_.back();
    if (top.names.empty()) top.names = names_left(top.folder.get());
    if (top.names.empty()) {
        const auto name = top.name;
        frames_.pop_back();
        const int above = frames_.empty() ? AT_FDCWD : frames_.back().folder.get();
        if (::unlinkat(above, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) throw failed(name, errno);
        ++files_;
        return;
    }
    const auto name = std::move(top.names.back());
    top.names.pop_back();
    if (::unlinkat(top.folder.get(), name.c_str(), 0) == 0) {
        ++files_;
        return;
    }
    if (errno == ENOENT) return;
    struct stat facts{};
    const int failure = errno;
    const bool is_folder =
        ::fstatat(top.folder.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(facts.st_mode);
    if (!is_folder) throw failed(name, failure);
    descend(top.folder.get(), name);
}

bool DeleteWork::run(Moment until) {
    if (!std::exchange(is_started_, true)) start();
    while (!frames_.empty()) {
        step();
        const auto now = std::chrono::steady_clock::now();
        if (now > end_) throw_late(files_);
        if (now > until) return frames_.empty();
    }
    return true;
}

ChmodWork::ChmodWork(std::string path, mode_t mode, bool recursive)
    : path_{without_slashes(path)},
      mode_{mode},
      recursive_{recursive},
      end_{std::chrono::steady_clock::now() + change_time} {}

bool ChmodWork::run(Moment until) {
    if (!std::exchange(is_started_, true)) {
        struct stat facts{};
        checked_disk("look at " + path_, ::stat(path_.c_str(), &facts));
        if (recursive_ && S_ISDIR(facts.st_mode)) walk_.emplace(path_, Walk::Options{});
        folders_.push_back(path_);
    }
    while (walk_) {
        const auto found = walk_->next();
        if (!found) break;
        if (S_ISDIR(found->facts.st_mode)) {
            folders_.push_back(join_path(path_, found->path));
        } else if (!S_ISLNK(found->facts.st_mode)) {
            const int result = ::fchmodat(found->folder, found->name().c_str(), mode_, 0);
            if (result != 0 && errno == ENOENT) continue;
            checked_disk("set the mode of " + found->path, result);
            ++files_;
        }
        const auto now = std::chrono::steady_clock::now();
        if (now > end_) throw_late(files_);
        if (now > until) return false;
    }
    for (; !folders_.empty(); folders_.pop_back()) {
        const int result = ::chmod(folders_.back().c_str(), mode_);
        if (result != 0 && errno == ENOENT && folders_.size() > 1) continue;
        checked_disk("set the mode of " + folders_.back(), result);
        ++files_;
    }
    return true;
}

}  // namespace carrel::desk::files
