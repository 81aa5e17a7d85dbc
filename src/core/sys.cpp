#include "core/sys.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>

namespace carrel::core {

namespace {

Code code_of(int error_number) {
    switch (error_number) {
        case ENOENT: return Code::not_found;
        case EACCES:
        case EPERM: return Code::forbidden;
        case ENOSPC:
        case EDQUOT:
        case EMFILE:
        case ENFILE:
        case ENOMEM: return Code::exhausted;
        default: return Code::internal;
    }
}

/// What others use up now is free again soon, unlike a full disk.
const char* reason_of(int error_number) {
    switch (error_number) {
        case EMFILE:
        case ENFILE: return "no_descriptors";
        case ENOMEM: return "no_memory";
        default: return "";
    }
}

std::string read_all(int fd, const std::string& path, std::size_t limit) {
    std::string text;
    char buffer[16384];
    while (true) {
        const auto count = ::read(fd, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        checked("read " + path, count);
        if (count == 0) return text;
        text.append(buffer, static_cast<std::size_t>(count));
        if (text.size() > limit)
            throw Error{Code::exhausted, fmt::format("{} is larger than {} bytes", path, limit)};
    }
}

}  // namespace

std::string describe_errno(int error_number) {
    const char* name = ::strerrorname_np(error_number);
    const char* text = ::strerrordesc_np(error_number);
    return fmt::format("{} ({})", text ? text : "unknown error", name ? name : "?");
}

Error system_error(std::string_view what, int error_number) {
    return Error{code_of(error_number), fmt::format("{}: {}", what, describe_errno(error_number)),
                 reason_of(error_number)};
}

Fd open_file(const std::string& path, int flags, mode_t mode) {
    return Fd{checked("open " + path, ::open(path.c_str(), flags | O_CLOEXEC, mode))};
}

std::string read_file(const std::string& path, std::size_t limit) {
    const Fd file = open_file(path, O_RDONLY);
    return read_all(file.get(), path, limit);
}

std::optional<std::string> find_file_text(const std::string& path, std::size_t limit) {
    const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file && errno == ENOENT) return std::nullopt;
    checked("open " + path, file.get());
    return read_all(file.get(), path, limit);
}

void write_existing(const std::string& path, std::string_view text) {
    const Fd file = open_file(path, O_WRONLY);
    // One call: files of /proc and cgroups take a value only as a whole.
    checked("write " + path, ::write(file.get(), text.data(), text.size()));
}

void write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        checked("write", count);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

void replace_file(const std::string& path, std::string_view text, mode_t mode) {
    const std::string temporary = path + ".new";
    try {
        const Fd file = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);
        checked("chmod " + temporary, ::fchmod(file.get(), mode));
        write_all(file.get(), text);
        checked("fsync " + temporary, ::fsync(file.get()));
        checked("rename to " + path, ::rename(temporary.c_str(), path.c_str()));
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
    const auto folder = std::filesystem::path{path}.parent_path().string();
    const Fd directory = open_file(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
    checked("fsync " + folder, ::fsync(directory.get()));
}

}  // namespace carrel::core
