#include "desk/transfer/unpack.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
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

void set_time(int file, std::int64_t modified) {
    const std::array times{timespec{0, UTIME_NOW}, timespec{static_cast<time_t>(modified), 0}};
    ::futimens(file, times.data());
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
        case archive::ArchiveEntry::Kind::hard_link: return make_hard_link(entry);
        case archive::ArchiveEntry::Kind::folder: break;
    }
}

void Unpacker::make_folder(const archive::ArchiveEntry& entry, const std::vector<std::string>& steps) {
    open_folder(steps);
    folders_.emplace_back(steps, entry);
}

void Unpacker::make_file(const archive::ArchiveEntry& entry) {
    if (entry.size > most_bytes - size_)
        throw Error{Code::exhausted, fmt::format("the archive holds more than {} bytes", most_bytes)};
    files::require_room(root_.get(), entry.size);
    partial_ = fmt::format(".carrel-{}", core::random_hex(8));
    file_ = core::Fd{::openat(parent_.get(), partial_.c_str(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!file_) throw failed(errno);
}

void Unpacker::data(std::string_view bytes) {
    if (!file_) return;
    if (size_ + bytes.size() > most_bytes)
        throw Error{Code::exhausted, fmt::format("the archive holds more than {} bytes", most_bytes)};
    files::write_pieces(file_.get(), bytes);
    size_ += bytes.size();
}

void Unpacker::end() {
    if (!file_) return;
    // Without set-user-id and its like: nobody should be surprised by what an archive says.
    if (::fchmod(file_.get(), entry_.mode & 0777) != 0) throw failed(errno);
    set_time(file_.get(), entry_.modified);
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
}

void Unpacker::make_hard_link(const archive::ArchiveEntry& entry) {
    const auto steps = core::value_or_throw(archive::safe_steps(entry.target));
    if (steps.empty()) throw Error{Code::invalid, "the archive has a link to nothing"};
    const auto folder = open_folder({steps.begin(), steps.end() - 1});
    struct stat facts{};
    if (::fstatat(folder.get(), steps.back().c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) throw failed(errno);
    if (!S_ISREG(facts.st_mode))
        throw Error{Code::invalid,
                    fmt::format("the archive's link \"{}\" is not to a file", core::repair_utf8(entry.name))};
    const auto made = fmt::format(".carrel-{}", core::random_hex(8));
    if (::linkat(folder.get(), steps.back().c_str(), parent_.get(), made.c_str(), 0) != 0)
        throw failed(errno);
    const bool is_placed = ::renameat(parent_.get(), made.c_str(), parent_.get(), name_.c_str()) == 0;
    const int failure = errno;
    // Also when both were the same file already: then a rename does nothing.
    ::unlinkat(parent_.get(), made.c_str(), 0);
    if (!is_placed) throw failed(failure);
}

void Unpacker::finish() {
    drop_partial();
    for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder) {
        entry_ = folder->second;
        const auto opened = open_folder(folder->first);
        // Never so that its owner cannot look into it any more.
        ::fchmod(opened.get(), (entry_.mode & 0777) | 0700);
        set_time(opened.get(), entry_.modified);
    }
}

TarUnpacking::TarUnpacking(std::string folder)
    : unpacker_{std::move(folder)},
      reader_{{.begin = [this](const archive::ArchiveEntry& entry) { unpacker_.begin(entry); },
               .data = [this](std::string_view bytes) { unpacker_.data(bytes); },
               .end = [this] { unpacker_.end(); }}} {}

void TarUnpacking::push(std::string_view bytes) { archive::require(reader_.push(bytes)); }

void TarUnpacking::finish() {
    archive::require(reader_.finish());
    unpacker_.finish();
}

}  // namespace carrel::desk::transfer
