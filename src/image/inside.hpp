// Looking into and acting on a root file system that may be hostile: no link of it leads out.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace carrel::image {

/// The text of a plain file of at most `limit` bytes; links are followed as a program inside would
/// (openat2(2), RESOLVE_IN_ROOT). Nothing when it is not there, no plain file, or larger.
std::optional<std::string> find_text_inside(const std::string& root, const std::string& path,
                                            std::size_t limit = std::size_t{1} << 20);

/// Whether a program would find a plain file that can be executed there.
bool has_program(const std::string& root, const std::string& path);

/// Runs `work` in a process of its own whose root this is; what it throws is thrown here as an Error of the
/// same message. Needs root, and a process with a single thread.
void run_inside_root(const std::string& root, const std::function<void()>& work);

}  // namespace carrel::image
