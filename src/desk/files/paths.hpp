// Paths of files: put together, told in JSON, opened without surprises.
//
// A name is any bytes but NUL and slash. Where it is no UTF-8, JSON gets it repaired, and beside it the true
// bytes in base64.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/fd.hpp"
#include "json/parse.hpp"

namespace carrel::desk::files {

/// "/" and "x" give "/x".
std::string join_path(std::string_view folder, std::string_view name);
/// What `path` stands in; slashes at its end do not count.
std::string folder_of(std::string_view path);
/// The last step of `path`; slashes at its end do not count.
std::string_view last_step(std::string_view path);
/// Without the slashes at its end; "/" stays.
std::string_view without_slashes(std::string_view path);

/// Sets `object[key]`, and `object[key + "_bytes"]` when `path` is no UTF-8.
void put_path(json::Object& object, std::string_view key, std::string_view path);

/// As core::system_error, with a code for everything that a path can do: a name that is too long is invalid,
/// one that exists a conflict.
core::Error disk_error(std::string_view what, int error_number);
template <class Result>
Result checked_disk(std::string_view what, Result result) {
    if (result == static_cast<Result>(-1)) throw disk_error(what, errno);
    return result;
}

/// Opens whatever is there without waiting for anybody (a pipe's other end). Throws disk_error; forbidden
/// for what of /proc tells about the tool server itself: programs of the desk may not look in there, and
/// a call must not do it for them.
core::Fd open_path(const std::string& path, int flags, mode_t mode = 0);
core::Fd open_beneath(int folder, const std::string& name, int flags, std::string_view path);
/// Throws forbidden when `fd` is of the tool server's own /proc.
void refuse_own(int fd, std::string_view path);

/// "a named pipe".
std::string_view kind_of(mode_t mode);
/// "fifo".
std::string_view type_of(mode_t mode);

}  // namespace carrel::desk::files
