#include "desk/files/paths.hpp"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>

#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::desk::files {

using core::Code;
using core::Error;

namespace {

Code code_of(int error_number, Code otherwise) {
    switch (error_number) {
        case ENAMETOOLONG:
        case ELOOP:
        case EINVAL:
        case EISDIR:
        case EILSEQ: return Code::invalid;
        case ENOTDIR:
        case ENXIO:
        case ENODEV: return Code::not_found;
        case EEXIST:
        case ENOTEMPTY:
        case EBUSY:
        case ETXTBSY: return Code::conflict;
        case EROFS: return Code::forbidden;
        case EFBIG:
        case EMLINK: return Code::exhausted;
        default: return otherwise;
    }
}

/// Whether `number` is a process or thread of this program.
bool is_ours(std::string_view number) {
    if (!core::parse_unsigned(number)) return false;
    return number == std::to_string(::getpid()) ||
           ::access(fmt::format("/proc/self/task/{}", number).c_str(), F_OK) == 0;
}

}  // namespace

std::string_view without_slashes(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    return path;
}

std::string join_path(std::string_view folder, std::string_view name) {
    folder = without_slashes(folder);
    return fmt::format("{}{}{}", folder, folder == "/" ? "" : "/", name);
}

std::string folder_of(std::string_view path) {
    path = without_slashes(path);
    const auto slash = path.rfind('/');
    if (slash == path.npos) return ".";
    return std::string{slash == 0 ? "/" : without_slashes(path.substr(0, slash))};
}

std::string_view last_step(std::string_view path) {
    path = without_slashes(path);
    return path == "/" ? path : path.substr(path.rfind('/') + 1);
}

void put_path(json::Object& object, std::string_view key, std::string_view path) {
    if (core::is_utf8(path)) {
        object[key] = path;
        return;
    }
    object[key] = core::repair_utf8(path);
    object[fmt::format("{}_bytes", key)] = core::to_base64(path);
}

Error disk_error(std::string_view what, int error_number) {
    const auto usual = core::system_error(what, error_number);
    return Error{code_of(error_number, usual.code()), usual.message()};
}

void refuse_own(int fd, std::string_view path) {
    struct statfs kind{};
    if (::fstatfs(fd, &kind) != 0 || kind.f_type != PROC_SUPER_MAGIC) return;
    std::array<char, PATH_MAX> buffer;
    const auto count = ::readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), buffer.data(), buffer.size());
    if (count <= 0) return;
    std::string_view real{buffer.data(), static_cast<std::size_t>(count)};
    constexpr std::string_view root = "/proc/";
    if (!real.starts_with(root)) return;
    real.remove_prefix(root.size());
    if (is_ours(real.substr(0, real.find('/'))))
        throw Error{Code::forbidden, fmt::format("{} belongs to the desk's tool server itself", path)};
}

core::Fd open_path(const std::string& path, int flags, mode_t mode) {
    core::Fd file{::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode)};
    if (!file) throw disk_error("open " + path, errno);
    refuse_own(file.get(), path);
    return file;
}

core::Fd open_beneath(int folder, const std::string& name, int flags, std::string_view path) {
    core::Fd file{::openat(folder, name.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)};
    if (!file) throw disk_error(fmt::format("open {}", path), errno);
    refuse_own(file.get(), path);
    return file;
}

std::string_view kind_of(mode_t mode) {
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISFIFO(mode)) return "a named pipe";
    if (S_ISSOCK(mode)) return "a socket";
    if (S_ISLNK(mode)) return "a link";
    return S_ISREG(mode) ? "a file" : "a device";
}

std::string_view type_of(mode_t mode) {
    if (S_ISREG(mode)) return "file";
    if (S_ISDIR(mode)) return "directory";
    if (S_ISLNK(mode)) return "symlink";
    if (S_ISFIFO(mode)) return "fifo";
    if (S_ISSOCK(mode)) return "socket";
    return "device";
}

}  // namespace carrel::desk::files
