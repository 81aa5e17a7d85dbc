// Checked system calls, and the few file helpers that everybody needs.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/fd.hpp"

namespace carrel::core {

/// An Error that says what was tried and what the kernel answered. ENOENT becomes not_found,
/// EACCES and EPERM forbidden, ENOSPC, EDQUOT, EMFILE, ENFILE and ENOMEM exhausted, else internal. The
/// reasons of what passes by itself: "no_descriptors" (EMFILE, ENFILE) and "no_memory" (ENOMEM).
Error system_error(std::string_view what, int error_number);

/// `checked("mount /proc", mount(...))`: the result, or a throw of system_error with errno.
template <class Result>
Result checked(std::string_view what, Result result) {
    if (result == static_cast<Result>(-1)) throw system_error(what, errno);
    return result;
}

/// "No such file or directory (ENOENT)".
std::string describe_errno(int error_number);

/// Opens close-on-exec; throws.
Fd open_file(const std::string& path, int flags, mode_t mode = 0);
/// The whole of a small file (/proc, /sys, configuration); throws when it is larger than `limit`.
std::string read_file(const std::string& path, std::size_t limit = std::size_t{1} << 20);
/// The same, or nothing when the file does not exist.
std::optional<std::string> find_file_text(const std::string& path, std::size_t limit = std::size_t{1} << 20);
/// One write to an existing file, as /proc and cgroup files want it.
void write_existing(const std::string& path, std::string_view text);
/// Replaces a file atomically: temporary name, fsync, rename, fsync of the directory.
void replace_file(const std::string& path, std::string_view text, mode_t mode);
/// Writes all of it, however often the kernel takes only a part.
void write_all(int fd, std::string_view bytes);

}  // namespace carrel::core
