// What copying, moving and deleting have in common.
#pragma once

#include <sys/stat.h>

#include <string>

namespace carrel::desk::files {

/// Of the path itself, not of what a link points at; throws disk_error.
struct stat look_at_link(const std::string& path);

/// Throws conflict when `to` is what `from` is, or what it leads to as a link: a link over its own target
/// would leave neither, and one name of a file over another changes nothing. `to` is not followed.
void refuse_same_file(const struct stat& from, int from_folder, const std::string& from_name,
                      const std::string& to);

/// Throws timeout: `files` were done.
[[noreturn]] void throw_late(std::size_t files);

}  // namespace carrel::desk::files
