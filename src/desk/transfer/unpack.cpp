#include "desk/transfer/unpack.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>

#include "core/id.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "desk/files/change.hpp"
#include "desk/files/new_file.hpp"
#include "desk/files/paths.hpp"

namespace carrel::desk::transfer {

using core::Code;
using core::Error;

namespace {

constexpr std::size_t most_files = 200'000;
constexpr std::uint64_t most_bytes = std::uint64_t{64} << 30;
constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

constexpr std::size_t most_notes = 20;

std::array<timespec, 2> times_of(const archive::ArchiveEntry& entry) {
    return {timespec{0, UTIME_NOW},
            timespec{static_cast<time_t>(entry.modified), static_cast<long>(entry.nanoseconds)}};
}

}  // namespace

Unpacker::Unpacker(std::string folder) : path_{files::without_slashes(folder)} {
    desk::files::make_folder(path_, true);
    root_ = files::open_path(path_, O_RDONLY | O_DIRECTORY);
}

Unpacker::~Unpacker() { drop_partial(); }

void Unpacker::drop_partial() {
    if (file_ && !partial_.empty()) ::unlinkat(parent_.get(), partial_.c_str(), 0);
    file_.reset();
    partial_.clear();
}

core::Fd Unpacker::make_spool() const {
    core::Fd spool{::openat(root_.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
    if (spool) return spool;
    const auto name = fmt::format(".carrel-{}", core::random_hex(8));
    spool = core::Fd{::openat(root_.get(), name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600)};
    if (!spool) throw files::disk_error("make a file in " + path_, errno);
    ::unlinkat(root_.get(), name.c_str(), 0);
    return spool;
}

Error Unpacker::failed(int error_number) const {
    const auto what = fmt::format("unpack \"{}\" in {}", core::repair_utf8(entry_.name), path_);
    // A link or a file stands where a directory is wanted; it is never followed.
    if (error_number == ELOOP || error_number == ENOTDIR)
        return {Code::conflict, what + ": a step of its name is a link or a file there"};
    return files::disk_error(what, error_number);
}

core::Fd Unpacker::open_folder(const std::vector<std::string>& steps) {
    core::Fd folder{::openat(root_.get(), ".", folder_flags)};
    if (!folder) throw failed(errno);
    for (const auto& step : steps) {
        core::Fd next{::openat(folder.get(), step.c_str(), folder_flags)};
        if (!next && errno == ENOENT) {
            if (::mkdirat(folder.get(), step.c_str(), 0755) != 0 && errno != EEXIST) throw failed(errno);
            next = core::Fd{::openat(folder.get(), step.c_str(), folder_flags)};
        }
        if (!next) throw failed(errno);
        folder = std::move(next);
    }
    return folder;
}

void Unpacker::open_parent(const std::vector<std::string>& steps) {
    std::vector<std::string> above{steps.begin(), steps.end() - 1};
    name_ = steps.back();
    // Files of one directory come one after another.
    if (parent_ && above == parent_steps_) return;
    parent_ = open_folder(above);
    parent_steps_ = std::move(above);
}

void Unpacker::begin(const archive::ArchiveEntry& entry) {
    drop_partial();
    entry_ = entry;
    const auto steps = core::value_or_throw(archive::safe_steps(entry.name));
    if (++files_ > most_files)
        throw Error{Code::exhausted, fmt::format("the archive has more than {} entries", most_files)};
    if (steps.empty()) {
        --files_;
        if (entry.kind == archive::ArchiveEntry::Kind::folder) return;
        throw Error{Code::invalid, "the archive has an entry without a name"};
    }
    if (entry.kind == archive::ArchiveEntry::Kind::folder) return make_folder(entry, steps);
    open_parent(steps);
    switch (entry.kind) {
        case archive::ArchiveEntry::Kind::file: return make_file(entry);
        case archive::ArchiveEntry::Kind::symlink: return make_symlink(entry, steps);
        case archive::ArchiveEntry::Kind::hard_link: return make_hard_link(entry, steps);
        case archive::ArchiveEntry::Kind::folder: break;
    }
}

void Unpacker::make_folder(const archive::ArchiveEntry& entry, const std::vector<std::string>& steps) {
    open_folder(steps);
    // Without its texts: there may be very many. Its name is in the steps.
    archive::ArchiveEntry kept;
    kept.mode = entry.mode;
    kept.modified = entry.modified;
    kept.nanoseconds = entry.nanoseconds;
    folders_.emplace_back(steps, std::move(kept));
}

void Unpacker::make_file(const archive::ArchiveEntry& entry) {
    const auto stored = entry.size - entry.hole;
    if (stored > most_bytes - stored_)
        throw Error{Code::exhausted, fmt::format("the archive holds more than {} bytes", most_bytes)};
    files::require_room(root_.get(), stored);
    partial_ = fmt::format(".carrel-{}", core::random_hex(8));
    file_ = core::Fd{::openat(parent_.get(), partial_.c_str(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!file_) throw failed(errno);
}

void Unpacker::data(std::string_view bytes) {
    if (!file_) return;
    if (stored_ + bytes.size() > most_bytes)
        throw Error{Code::exhausted, fmt::format("the archive holds more than {} bytes", most_bytes)};
    files::write_pieces(file_.get(), bytes);
    size_ += bytes.size();
    stored_ += bytes.size();
}

void Unpacker::hole(std::uint64_t size) {
    if (!file_) return;
    const auto end = ::lseek(file_.get(), static_cast<off_t>(size), SEEK_CUR);
    // A hole at the end is only there if the file is as long.
    if (end < 0 || ::ftruncate(file_.get(), end) != 0) throw failed(errno);
    size_ += size;
}

void Unpacker::end() {
    if (!file_) return;
    // Without set-user-id and its like: nobody should be surprised by what an archive says.
    if ((entry_.mode & 07000) != 0)
        note(fmt::format(
            "\"{}\" has mode {:04o} and not {:04o}: no archive sets set-user-id, set-group-id or the "
            "sticky bit",
            core::repair_utf8(entry_.name), entry_.mode & 0777, entry_.mode));
    if (::fchmod(file_.get(), entry_.mode & 0777) != 0) throw failed(errno);
    ::futimens(file_.get(), times_of(entry_).data());
    if (::renameat(parent_.get(), partial_.c_str(), parent_.get(), name_.c_str()) != 0) throw failed(errno);
    partial_.clear();
    file_.reset();
}

void Unpacker::make_symlink(const archive::ArchiveEntry& entry, const std::vector<std::string>& steps) {
    archive::require(archive::judge_link(steps, entry.target));
    struct stat there{};
    const bool is_old =
        ::fstatat(parent_.get(), name_.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(there.st_mode);
    if (is_old) ::unlinkat(parent_.get(), name_.c_str(), 0);
    if (::symlinkat(entry.target.c_str(), parent_.get(), name_.c_str()) != 0) throw failed(errno);
    ::utimensat(parent_.get(), name_.c_str(), times_of(entry).data(), AT_SYMLINK_NOFOLLOW);
}

/// Of a symbolic link that has another name now: from there, its target leads elsewhere.
core::Expected<void> Unpacker::judge_linked(const std::string& made,
                                            const std::vector<std::string>& steps) const {
    std::string target(PATH_MAX, '\0');
    const auto size = ::readlinkat(parent_.get(), made.c_str(), target.data(), target.size());
    if (size < 0) return {};  // no symbolic link
    target.resize(static_cast<std::size_t>(size));
    return archive::judge_link(steps, target);
}

void Unpacker::make_hard_link(const archive::ArchiveEntry& entry, const std::vector<std::string>& steps) {
    const auto to = core::value_or_throw(archive::safe_steps(entry.target));
    if (to.empty()) throw Error{Code::invalid, "the archive has a link to nothing"};
    const auto folder = open_folder({to.begin(), to.end() - 1});
    struct stat facts{};
    if (::fstatat(folder.get(), to.back().c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) throw failed(errno);
    if (!S_ISREG(facts.st_mode) && !S_ISLNK(facts.st_mode))
        throw Error{Code::invalid,
                    fmt::format("the archive's link \"{}\" is not to a file", core::repair_utf8(entry.name))};
    const auto made = fmt::format(".carrel-{}", core::random_hex(8));
    // Without AT_SYMLINK_FOLLOW: a symbolic link itself gets the name, and not what it leads to.
    if (::linkat(folder.get(), to.back().c_str(), parent_.get(), made.c_str(), 0) != 0) throw failed(errno);
    // By the name that it has now: what had the other one can have been exchanged meanwhile.
    const auto judged = judge_linked(made, steps);
    const bool is_placed =
        judged && ::renameat(parent_.get(), made.c_str(), parent_.get(), name_.c_str()) == 0;
    const int failure = errno;
    // Also when both were the same file already: then a rename does nothing.
    ::unlinkat(parent_.get(), made.c_str(), 0);
    archive::require(judged);
    if (!is_placed) throw failed(failure);
}

void Unpacker::finish() {
    drop_partial();
    for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder) {
        entry_ = folder->second;
        entry_.name = fmt::format("{}", fmt::join(folder->first, "/"));
        const auto opened = open_folder(folder->first);
        // Never so that its owner cannot look into it, or delete what it holds, any more.
        const auto mode = (entry_.mode & 0777) | 0700;
        if (mode != (entry_.mode & 07777))
            note(fmt::format(
                "the directory \"{}\" has mode {:04o} and not {:04o}{}", core::repair_utf8(entry_.name), mode,
                entry_.mode,
                (entry_.mode & 0700) == 0700 ? "" : ", so that its owner can change what it holds"));
        ::fchmod(opened.get(), mode);
        ::futimens(opened.get(), times_of(entry_).data());
    }
}

void Unpacker::note(std::string sentence) {
    if (notes_.size() == most_notes)
        ++more_notes_;
    else
        notes_.push_back(std::move(sentence));
}

std::vector<std::string> Unpacker::notes() const {
    auto notes = notes_;
    if (more_notes_ > 0) notes.push_back(fmt::format("and {} more of such", more_notes_));
    return notes;
}

}  // namespace carrel::desk::transfer
