// Runs one program so that nothing of it is left: in mount and pid namespaces of its own, where no
// process survives its first one and no mount is seen outside.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace carrel::image {

using Lines = std::function<void(std::string_view line)>;

/// Runs `words[0]`, found by PATH, with `temporary` as TMPDIR, and gives each line that it or a child
/// prints to `on_line`. Returns its exit status, 128 + n when signal n ended it.
///
/// SIGINT, SIGTERM and SIGHUP that reach the calling thread meanwhile end the program and everything
/// it started, and are then thrown as Error{unavailable, "cancelled by SIGINT"}. When the calling
/// process dies, the program dies too. Needs root, and a process with a single thread.
int run_contained(const std::vector<std::string>& words, const std::string& temporary, const Lines& on_line);

}  // namespace carrel::image
