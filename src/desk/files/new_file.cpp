#include "desk/files/new_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "core/sys.hpp"
#include "desk/files/paths.hpp"

namespace carrel::desk::files {

using core::Code;
using core::Error;

namespace {

/// Gives a new file the name of an old one and the other way round; false when that cannot be done. A rename
/// over the old one does the same, but ext4 then begins to store the new one (auto_da_alloc), for crashes of
/// the machine, which no desk outlives; that takes longer than all the rest of writing a small file.
bool change_places(const std::string& from, const std::string& to) {
    struct stat facts{};
    return ::lstat(to.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) &&
           ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0;
}

/// Where the kernel cannot copy by itself: from /proc, or to another kind of file system.
ssize_t copy_by_hand(int source, int target) {
    const auto buffer = std::make_unique_for_overwrite<char[]>(write_piece);
    const auto count = ::read(source, buffer.get(), write_piece);
    if (count > 0) write_pieces(target, {buffer.get(), static_cast<std::size_t>(count)});
    return count;
}

}  // namespace

NewFile::NewFile(const std::string& directory) : path_{join_path(directory, ".carrel-XXXXXX")} {
    file_ = core::Fd{::mkostemp(path_.data(), O_CLOEXEC)};
    if (!file_) throw disk_error("make a file in " + directory, errno);
}

NewFile::~NewFile() {
    if (file_ && !path_.empty()) ::unlink(path_.c_str());
}

void NewFile::write(std::string_view bytes) {
    write_pieces(file_.get(), bytes);
    size_ += bytes.size();
}

bool NewFile::copy_from(int source, std::size_t most) {
    auto count = ::copy_file_range(source, nullptr, file_.get(), nullptr, most, 0);
    const bool is_unable = count < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP ||
                                         errno == ENOSYS || errno == EBADF);
    // Files of /proc and the like say that they are empty; only reading tells.
    if (is_unable || (count == 0 && size_ == 0)) count = copy_by_hand(source, file_.get());
    if (count < 0 && errno == EINTR) return true;
    checked_disk("copy the file", count);
    size_ += static_cast<std::uint64_t>(count);
    return count > 0;
}

void NewFile::keep_as(const std::string& path, mode_t mode, Existing existing) {
    checked_disk("set the mode of " + path, ::fchmod(file_.get(), mode));
    if (existing == Existing::replace && change_places(path_, path)) {
        // Here, on the pool: giving back a large file's memory takes a while.
        ::unlink(path_.c_str());
        path_.clear();
        return;
    }
    const unsigned flags = existing == Existing::refuse ? RENAME_NOREPLACE : 0;
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, path.c_str(), flags) == 0) {
        path_.clear();
        return;
    }
    if (errno == EEXIST) throw Error{Code::conflict, path + " exists already"};
    if (errno == EISDIR) throw Error{Code::conflict, path + " is a directory"};
    if (errno != EXDEV) throw disk_error("write " + path, errno);
    copy_to(path, mode, existing);
}

void NewFile::copy_to(const std::string& path, mode_t mode, Existing existing) {
    NewFile copy{folder_of(path)};
    require_room(copy.descriptor(), size_);
    checked_disk("read the new file again", ::lseek(file_.get(), 0, SEEK_SET));
    while (copy.copy_from(file_.get(), std::size_t{4} << 20)) {
    }
    copy.keep_as(path, mode, existing);
}

void write_pieces(int file, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count = ::write(file, bytes.data(), std::min(bytes.size(), write_piece));
        if (count < 0 && errno == EINTR) continue;
        checked_disk("store the bytes", count);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

void require_room(int folder_or_file, std::uint64_t size) {
    struct statvfs room{};
    if (::fstatvfs(folder_or_file, &room) != 0) return;  // writing tells
    const auto free = static_cast<std::uint64_t>(room.f_bavail) * room.f_frsize;
    if (size > free)
        throw Error{Code::exhausted,
                    fmt::format("there is no room for {} bytes: the file system has {} left", size, free),
                    "disk_full"};
}

}  // namespace carrel::desk::files
