#include "desk/files/change.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "desk/files/disk.hpp"
#include "desk/files/new_file.hpp"
#include "desk/files/paths.hpp"
#include "desk/files/walk.hpp"

namespace carrel::desk::files {

using core::Code;
using core::Error;

namespace {

constexpr std::size_t names_at_once = 1000;

struct stat look_at_link(const std::string& path) {
    struct stat facts{};
    checked_disk("look at " + path, ::lstat(path.c_str(), &facts));
    return facts;
}

bool exists(const std::string& path) {
    struct stat facts{};
    return ::lstat(path.c_str(), &facts) == 0;
}

[[noreturn]] void throw_late(std::size_t files) {
    throw Error{Code::timeout, fmt::format("it takes longer than {} minutes; {} files were done",
                                           change_time.count(), files)};
}

}  // namespace

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
    look_at_link(from);
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
    if (!opened) throw failed(name, errno);
    frames_.push_back({std::move(opened), name, {}});
}

void DeleteWork::step() {
    auto& top = frames_.back();
    if (top.names.empty()) top.names = read_names(top.folder.get(), names_at_once);
    if (top.names.empty()) {
        const auto name = top.name;
        frames_.pop_back();
        const int above = frames_.empty() ? AT_FDCWD : frames_.back().folder.get();
        if (::unlinkat(above, name.c_str(), AT_REMOVEDIR) != 0) throw failed(name, errno);
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

/// One file on its way: under a name of its own until it is whole.
class CopyWork::Copying {
public:
    Copying(core::Fd source, std::string to, mode_t mode, Existing existing)
        : source_{std::move(source)},
          file_{folder_of(to)},
          to_{std::move(to)},
          mode_{mode},
          existing_{existing} {}

    /// False at the end of the source; the file is in its place then.
    bool copy_piece() {
        constexpr std::size_t piece = std::size_t{4} << 20;
        if (file_.copy_from(source_.get(), piece)) return true;
        file_.keep_as(to_, mode_, existing_);
        return false;
    }

private:
    core::Fd source_;
    NewFile file_;
    std::string to_;
    mode_t mode_;
    Existing existing_;
};

CopyWork::CopyWork(std::string from, std::string to, bool overwrite)
    : from_{without_slashes(from)},
      to_{without_slashes(to)},
      overwrite_{overwrite},
      end_{std::chrono::steady_clock::now() + change_time} {}

CopyWork::~CopyWork() { abandon(); }

void CopyWork::abandon() {
    copying_.reset();
    for (; !modes_.empty(); modes_.pop_back()) ::chmod(modes_.back().first.c_str(), modes_.back().second);
}

void CopyWork::begin_file(core::Fd source, std::string to, mode_t mode) {
    struct stat facts{};
    checked_disk("look at the source", ::fstat(source.get(), &facts));
    if (!S_ISREG(facts.st_mode))
        throw Error{Code::invalid,
                    fmt::format("{} cannot be copied: it is {}", from_, kind_of(facts.st_mode))};
    copying_ = std::make_unique<Copying>(std::move(source), std::move(to), mode & 07777,
                                         overwrite_ ? Existing::replace : Existing::refuse);
}

void CopyWork::copy_link(int folder, const std::string& name, const std::string& to) {
    std::string target(PATH_MAX, '\0');
    const auto size = checked_disk("read the link " + name,
                                   ::readlinkat(folder, name.c_str(), target.data(), target.size()));
    target.resize(static_cast<std::size_t>(size));
    struct stat there{};
    if (overwrite_ && ::lstat(to.c_str(), &there) == 0 && !S_ISDIR(there.st_mode)) ::unlink(to.c_str());
    checked_disk("make the link " + to, ::symlink(target.c_str(), to.c_str()));
    ++files_;
}

void CopyWork::copy_folder(const std::string& to, mode_t mode) {
    if (::mkdir(to.c_str(), 0700) != 0) {
        const int failure = errno;
        if (failure != EEXIST || !overwrite_ || !S_ISDIR(look_at_link(to).st_mode))
            throw disk_error("make the directory " + to, failure);
    } else {
        modes_.emplace_back(to, mode & 07777);
    }
    ++files_;
}

void CopyWork::start() {
    const auto facts = look_at_link(from_);
    if (exists(to_) && !overwrite_)
        throw Error{Code::conflict, fmt::format("{} exists; say overwrite to replace files in it", to_)};
    make_parents(to_);
    if (S_ISLNK(facts.st_mode)) return copy_link(AT_FDCWD, from_, to_);
    if (!S_ISDIR(facts.st_mode)) {
        if (is_directory(to_)) throw Error{Code::conflict, to_ + " is a directory"};
        // Looked at before it is opened: a pipe or device may wait, or do something.
        if (!S_ISREG(facts.st_mode))
            throw Error{Code::invalid,
                        fmt::format("{} cannot be copied: it is {}", from_, kind_of(facts.st_mode))};
        return begin_file(open_path(from_, O_RDONLY), to_, facts.st_mode);
    }
    std::error_code ignored;
    const auto inside = std::filesystem::weakly_canonical(to_, ignored).string() + "/";
    const auto source = std::filesystem::weakly_canonical(from_, ignored).string() + "/";
    if (inside.starts_with(source)) throw Error{Code::invalid, fmt::format("{} is inside {}", to_, from_)};
    walk_.emplace(from_, Walk::Options{});
    copy_folder(to_, facts.st_mode);
}

void CopyWork::take(const Walked& found) {
    const auto to = join_path(to_, found.path);
    if (S_ISDIR(found.facts.st_mode)) return copy_folder(to, found.facts.st_mode);
    if (S_ISLNK(found.facts.st_mode)) return copy_link(found.folder, found.name(), to);
    if (!S_ISREG(found.facts.st_mode))
        throw Error{Code::invalid, fmt::format("{} cannot be copied: it is {}", join_path(from_, found.path),
                                               kind_of(found.facts.st_mode))};
    begin_file(open_beneath(found.folder, found.name(), O_RDONLY, found.path), to, found.facts.st_mode);
}

bool CopyWork::run(Moment until) {
    if (!std::exchange(is_started_, true)) start();
    for (;;) {
        if (copying_) {
            if (!copying_->copy_piece()) {
                copying_.reset();
                ++files_;
            }
        } else {
            const auto found = walk_ ? walk_->next() : std::nullopt;
            if (!found) break;
            take(*found);
        }
        const auto now = std::chrono::steady_clock::now();
        if (now > end_) throw_late(files_);
        if (now > until) return false;
    }
    if (walk_ && (walk_->unreadable() > 0 || walk_->is_cut()))
        throw Error{Code::forbidden, fmt::format("{} were copied, but not all of {}: {} cannot be read",
                                                 files_, from_, join_path(from_, walk_->first_unreadable()))};
    abandon();  // nothing is half done
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
            checked_disk("set the mode of " + found->path,
                         ::fchmodat(found->folder, found->name().c_str(), mode_, 0));
            ++files_;
        }
        const auto now = std::chrono::steady_clock::now();
        if (now > end_) throw_late(files_);
        if (now > until) return false;
    }
    for (; !folders_.empty(); folders_.pop_back(), ++files_)
        checked_disk("set the mode of " + folders_.back(), ::chmod(folders_.back().c_str(), mode_));
    return true;
}

}  // namespace carrel::desk::files
