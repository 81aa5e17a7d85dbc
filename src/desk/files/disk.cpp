#include "desk/files/disk.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "desk/files/paths.hpp"
#include "desk/files/walk.hpp"

namespace carrel::desk::files {

using core::Code;
using core::Error;

namespace {

constexpr std::uint64_t largest_text = std::uint64_t{16} << 20;
constexpr std::size_t most_tree_lines = 10'000;
constexpr mode_t usual_mode = 0644;
/// As many as the kernel follows (path_resolution(7)).
constexpr int most_links = 40;

struct stat look_at(const std::string& path) {
    struct stat facts{};
    if (::stat(path.c_str(), &facts) == 0) return facts;
    if (errno == ENOENT || errno == ENOTDIR)
        throw Error{Code::not_found,
                    fmt::format("The path {} does not exist. Please provide a valid path.", path)};
    throw disk_error("open " + path, errno);
}

void refuse_irregular(const std::string& path, const struct stat& facts) {
    if (!S_ISREG(facts.st_mode))
        throw Error{Code::invalid, fmt::format("{} is {}; only regular files can be read and written", path,
                                               kind_of(facts.st_mode))};
}

/// Of file systems that the kernel makes up as they are read.
bool is_made_up(int fd) {
    struct statfs kind{};
    return ::fstatfs(fd, &kind) == 0 && (kind.f_type == PROC_SUPER_MAGIC || kind.f_type == SYSFS_MAGIC);
}

/// Over what the file holds: for one with other names, which stay names of the same file, and for one in a
/// directory where nothing new may be made. The room first, so that a full disk costs nothing.
void overwrite(const std::string& path, std::string_view bytes) {
    WritableFile opened{open_path(path, O_WRONLY), 0};
    if (is_made_up(opened.file.get())) return core::write_all(opened.file.get(), bytes);
    struct stat facts{};
    checked_disk("look at " + path, ::fstat(opened.file.get(), &facts));
    if (bytes.size() > static_cast<std::uint64_t>(facts.st_size))
        require_room(opened.file.get(), bytes.size() - static_cast<std::uint64_t>(facts.st_size));
    write_on(opened, bytes);
    checked_disk("write " + path, ::ftruncate(opened.file.get(), static_cast<off_t>(bytes.size())));
}

}  // namespace

std::string resolved(const std::string& path) {
    const std::unique_ptr<char, void (*)(void*)> real{::realpath(path.c_str(), nullptr), std::free};
    if (real) return real.get();
    // A link to what is not there yet: as open(2) with O_CREAT, what is made is made there.
    auto place = path;
    std::array<char, PATH_MAX> target;
    for (int links = 0; links < most_links; ++links) {
        const auto count = ::readlink(place.c_str(), target.data(), target.size());
        if (count < 0) return place;
        const std::string_view next{target.data(), static_cast<std::size_t>(count)};
        place = next.starts_with('/') ? std::string{next} : join_path(folder_of(place), next);
    }
    throw disk_error("follow the link " + path, ELOOP);
}

OpenedFile open_regular(const std::string& path) {
    refuse_irregular(path, look_at(path));
    OpenedFile opened;
    // Not blocking: between the look and the opening it may have become a pipe.
    opened.file = open_path(path, O_RDONLY);
    struct stat facts{};
    checked_disk("look at " + path, ::fstat(opened.file.get(), &facts));
    refuse_irregular(path, facts);
    opened.path = path;
    opened.size = static_cast<std::uint64_t>(facts.st_size);
    opened.has_size = !is_made_up(opened.file.get());
    opened.tag = fmt::format("{:x}-{:x}-{:x}", facts.st_ino, facts.st_size,
                             facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec);
    opened.modified = facts.st_mtim.tv_sec;
    return opened;
}

std::string read_text(const std::string& path) {
    const auto opened = open_regular(path);
    const auto too_large = [&] {
        return Error{Code::exhausted,
                     fmt::format("{} is larger than {} MiB; look at parts of it in the terminal, "
                                 "with `sed -n` or `grep -n`",
                                 path, largest_text >> 20)};
    };
    if (opened.size > largest_text) throw too_large();
    std::string text;
    text.reserve(opened.size);
    // Until the end, not for `size` bytes: files of /proc say 0.
    char buffer[65536];
    while (true) {
        const auto count = ::read(opened.file.get(), buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        checked_disk("read " + path, count);
        if (count == 0) break;
        text.append(buffer, static_cast<std::size_t>(count));
        if (text.size() > largest_text) throw too_large();
    }
    if (text.contains('\0')) throw Error{Code::invalid, fmt::format("{} is not a text file", path)};
    return text;
}

std::optional<std::string> find_text(const std::string& path, std::size_t most) {
    struct stat facts{};
    if (::stat(path.c_str(), &facts) != 0 || static_cast<std::uint64_t>(facts.st_size) > most)
        return std::nullopt;
    try {
        return read_text(path);
    } catch (const Error&) {
        return std::nullopt;
    }
}

void write_file(const std::string& path, std::string_view bytes, Existing existing) {
    struct stat facts{};
    const bool exists = ::stat(path.c_str(), &facts) == 0;
    if (exists && existing == Existing::refuse)
        throw Error{
            Code::conflict,
            fmt::format("File already exists at: {}. Cannot overwrite files using command `create`.", path)};
    if (exists) refuse_irregular(path, facts);
    const auto target = resolved(path);
    if (exists && facts.st_nlink > 1 && ::access(target.c_str(), W_OK) == 0) return overwrite(target, bytes);
    make_parents(target);
    try {
        NewFile file{folder_of(target)};
        file.write(bytes);
        file.keep_as(target, exists ? facts.st_mode & 07777 : usual_mode, existing);
    } catch (const Error& error) {
        if (!exists || (error.code() != Code::forbidden && error.code() != Code::not_found)) throw;
        overwrite(target, bytes);
    }
}

WritableFile open_writable(const std::string& path, std::optional<std::uint64_t> offset) {
    check_replaceable(path);
    const auto target = resolved(path);
    make_parents(target);
    WritableFile opened{open_path(target, O_WRONLY | O_CREAT, usual_mode), 0};
    struct stat facts{};
    checked_disk("look at " + path, ::fstat(opened.file.get(), &facts));
    refuse_irregular(path, facts);
    opened.at = offset.value_or(static_cast<std::uint64_t>(facts.st_size));
    return opened;
}

void write_on(WritableFile& file, std::string_view bytes) {
    if (bytes.empty()) return;
    const auto at = static_cast<off_t>(file.at);
    const auto size = static_cast<off_t>(bytes.size());
    // The room first: a text that is cut off in the middle would be worse than none.
    if (::fallocate(file.file.get(), FALLOC_FL_KEEP_SIZE, at, size) != 0 && errno != EOPNOTSUPP)
        throw disk_error("store the bytes", errno);
    while (!bytes.empty()) {
        const auto count = ::pwrite(file.file.get(), bytes.data(), bytes.size(), static_cast<off_t>(file.at));
        if (count < 0 && errno == EINTR) continue;
        checked_disk("store the bytes", count);
        file.at += static_cast<std::uint64_t>(count);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

std::string tree_of(const std::string& path) {
    const std::string top{without_slashes(path)};
    Walk walk{top, {.depth = 2, .hidden = false, .enters = {}}};
    auto text = core::repair_utf8(top) + '\n';
    std::size_t lines = 1;
    for (auto found = walk.next(); found && lines < most_tree_lines; found = walk.next(), ++lines)
        text += core::repair_utf8(join_path(top, found->path)) + '\n';
    return text;
}

void make_parents(const std::string& path) {
    const auto folder = folder_of(path);
    struct stat facts{};
    if (::stat(folder.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode)) return;
    for (auto at = folder.find('/', 1);; at = folder.find('/', at + 1)) {
        const auto part = folder.substr(0, at);
        const int failure = ::mkdir(part.c_str(), 0755) == 0 ? 0 : errno;
        if (failure != 0 && failure != EEXIST && !is_directory(part))
            throw disk_error("make the directory " + part, failure);
        if (at == folder.npos) break;
    }
    if (!is_directory(folder)) throw disk_error("make the directory " + folder, ENOTDIR);
}

bool is_directory(const std::string& path) {
    struct stat facts{};
    return ::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

mode_t check_replaceable(const std::string& path) {
    struct stat facts{};
    if (::stat(path.c_str(), &facts) != 0) return usual_mode;
    if (!S_ISREG(facts.st_mode))
        throw Error{Code::conflict,
                    fmt::format("{} exists and is {}, no regular file", path, kind_of(facts.st_mode))};
    return facts.st_mode & 07777;
}

}  // namespace carrel::desk::files
