#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <utility>

#include "desk/files/change.hpp"
#include "desk/files/change_steps.hpp"
#include "desk/files/disk.hpp"
#include "desk/files/new_file.hpp"
#include "desk/files/paths.hpp"
#include "desk/files/walk.hpp"

namespace carrel::desk::files {

using core::Code;
using core::Error;

namespace {

bool is_gone(const Error& error) { return error.code() == Code::not_found; }

std::array<timespec, 2> times_of(const struct stat& facts) { return {facts.st_atim, facts.st_mtim}; }

/// As rename(2) has it: a directory takes the place of nothing, or of an empty directory, and nothing else
/// that of a directory.
void check_place(const std::string& to, mode_t from_mode) {
    struct stat there{};
    if (::lstat(to.c_str(), &there) != 0) return;
    if (!S_ISDIR(from_mode)) {
        if (S_ISDIR(there.st_mode)) throw Error{Code::conflict, to + " is a directory"};
        return;
    }
    if (!S_ISDIR(there.st_mode))
        throw Error{Code::conflict,
                    fmt::format("{} exists and is {}, no directory", to, kind_of(there.st_mode))};
    const auto opened = open_path(to, O_RDONLY | O_DIRECTORY);
    if (!read_names(opened.get(), 1).empty())
        throw Error{Code::conflict, to + " exists and is a directory that holds something"};
}

}  // namespace

/// One file on its way: under a name of its own until it is whole.
class CopyWork::Copying {
public:
    Copying(core::Fd source, std::string to, const struct stat& facts, Existing existing, Purpose purpose)
        : source_{std::move(source)},
          file_{folder_of(to)},
          to_{std::move(to)},
          facts_{facts},
          existing_{existing},
          purpose_{purpose} {}

    /// False at the end of the source; the file is in its place then.
    bool copy_piece() {
        constexpr std::size_t piece = std::size_t{4} << 20;
        if (file_.copy_from(source_.get(), piece)) return true;
        if (purpose_ == Purpose::move)
            checked_disk("set the times of " + to_, ::futimens(file_.descriptor(), times_of(facts_).data()));
        file_.keep_as(to_, facts_.st_mode & 07777, existing_);
        return false;
    }

private:
    core::Fd source_;
    NewFile file_;
    std::string to_;
    struct stat facts_;
    Existing existing_;
    Purpose purpose_;
};

CopyWork::CopyWork(std::string from, std::string to, bool overwrite, Purpose purpose)
    : from_{without_slashes(from)},
      to_{without_slashes(to)},
      overwrite_{overwrite},
      purpose_{purpose},
      end_{std::chrono::steady_clock::now() + change_time} {}

CopyWork::~CopyWork() { abandon(); }

void CopyWork::abandon() {
    copying_.reset();
    // Deepest first: what is made in a directory changes its time.
    for (; !folders_.empty(); folders_.pop_back()) {
        const auto& [path, facts] = folders_.back();
        ::chmod(path.c_str(), facts.st_mode & 07777);
        if (purpose_ == Purpose::move) ::utimensat(AT_FDCWD, path.c_str(), times_of(facts).data(), 0);
    }
}

void CopyWork::begin_file(core::Fd source, const std::string& from, std::string to) {
    struct stat facts{};
    checked_disk("look at the source", ::fstat(source.get(), &facts));
    if (!S_ISREG(facts.st_mode))
        throw Error{Code::invalid,
                    fmt::format("{} cannot be copied: it is {}", from, kind_of(facts.st_mode))};
    if (overwrite_) refuse_same_file(facts, AT_FDCWD, from, to);
    copying_ = std::make_unique<Copying>(std::move(source), std::move(to), facts,
                                         overwrite_ ? Existing::replace : Existing::refuse, purpose_);
}

void CopyWork::copy_link(int folder, const std::string& name, const struct stat& facts,
                         const std::string& to) {
    std::string target(PATH_MAX, '\0');
    const auto size = ::readlinkat(folder, name.c_str(), target.data(), target.size());
    if (size < 0 && errno == ENOENT && walk_) {
        ++vanished_;
        return;
    }
    target.resize(static_cast<std::size_t>(checked_disk("read the link " + name, size)));
    struct stat there{};
    if (overwrite_ && ::lstat(to.c_str(), &there) == 0 && !S_ISDIR(there.st_mode)) {
        refuse_same_file(facts, folder, name, to);
        ::unlink(to.c_str());
    }
    checked_disk("make the link " + to, ::symlink(target.c_str(), to.c_str()));
    if (purpose_ == Purpose::move)
        ::utimensat(AT_FDCWD, to.c_str(), times_of(facts).data(), AT_SYMLINK_NOFOLLOW);
    ++files_;
}

void CopyWork::copy_folder(const std::string& to, const struct stat& facts) {
    const bool is_made = ::mkdir(to.c_str(), 0700) == 0;
    if (!is_made) {
        const int failure = errno;
        if (failure != EEXIST || !overwrite_ || !S_ISDIR(look_at_link(to).st_mode))
            throw disk_error("make the directory " + to, failure);
    }
    // One that was there keeps its mode, but is what was moved when that takes its place.
    if (is_made || purpose_ == Purpose::move) folders_.emplace_back(to, facts);
    ++files_;
}

void CopyWork::start() {
    const auto facts = look_at_link(from_);
    struct stat there{};
    if (!overwrite_ && ::lstat(to_.c_str(), &there) == 0)
        throw Error{Code::conflict, fmt::format("{} exists; say overwrite to replace files in it", to_)};
    if (purpose_ == Purpose::move) check_place(to_, facts.st_mode);
    make_parents(to_);
    if (S_ISLNK(facts.st_mode)) return copy_link(AT_FDCWD, from_, facts, to_);
    if (!S_ISDIR(facts.st_mode)) {
        if (is_directory(to_)) throw Error{Code::conflict, to_ + " is a directory"};
        // Looked at before it is opened: a pipe or device may wait, or do something.
        if (!S_ISREG(facts.st_mode))
            throw Error{Code::invalid,
                        fmt::format("{} cannot be copied: it is {}", from_, kind_of(facts.st_mode))};
        return begin_file(open_path(from_, O_RDONLY), from_, to_);
    }
    std::error_code ignored;
    const auto inside = std::filesystem::weakly_canonical(to_, ignored).string() + "/";
    const auto source = std::filesystem::weakly_canonical(from_, ignored).string() + "/";
    if (inside.starts_with(source)) throw Error{Code::invalid, fmt::format("{} is inside {}", to_, from_)};
    walk_.emplace(from_, Walk::Options{});
    copy_folder(to_, facts);
}

void CopyWork::take(const Walked& found) {
    const auto to = join_path(to_, found.path);
    if (S_ISDIR(found.facts.st_mode)) return copy_folder(to, found.facts);
    if (S_ISLNK(found.facts.st_mode)) return copy_link(found.folder, found.name(), found.facts, to);
    if (!S_ISREG(found.facts.st_mode))
        throw Error{Code::invalid, fmt::format("{} cannot be copied: it is {}", join_path(from_, found.path),
                                               kind_of(found.facts.st_mode))};
    try {
        begin_file(open_beneath(found.folder, found.name(), O_RDONLY, found.path),
                   join_path(from_, found.path), to);
    } catch (const Error& error) {
        // Gone since the walk met it: it might as well have gone before.
        struct stat still{};
        if (!is_gone(error) ||
            ::fstatat(found.folder, found.name().c_str(), &still, AT_SYMLINK_NOFOLLOW) == 0)
            throw;
        ++vanished_;
    }
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
    if (walk_) vanished_ += walk_->vanished();
    abandon();  // nothing is half done
    if (purpose_ == Purpose::move && vanished_ > 0)
        throw Error{Code::conflict,
                    fmt::format("{} changed while it was moved to another file system ({} gone): it was left "
                                "where it is, and what was copied is in {}",
                                from_, vanished_, to_)};
    return true;
}

}  // namespace carrel::desk::files
