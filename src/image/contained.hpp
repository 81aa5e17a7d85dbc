// Runs one program so that nothing of it is left: in mount and pid namespaces of its own, where no
// process survives its first one and no mount is seen outside.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carrel::image {

using Lines = std::function<void(std::string_view line)>;

/// What keeps a program that reads hostile bytes from the host: it sees a small root of its own, with the
/// host's /usr to read and `folder` at /draft to write; it has no network, no user id that means anything on
/// the host (the ids that it writes to the disk are its own all the same), and ends when `complaint` finds
/// something.
struct Confinement {
    std::string folder;
    std::uint64_t largest_file;  ///< bytes
    /// Asked a few times a second while the program runs; a sentence ends it and is thrown as
    /// Error{exhausted}.
    std::function<std::optional<std::string>()> complaint;
};

/// Where Confinement::folder is for the program.
inline constexpr std::string_view confined_folder = "/draft";

/// Runs `words[0]`, found by PATH, with `temporary` as TMPDIR (of a confined one, as it sees it), and gives
/// each line that it or a child prints to `on_line`. Returns its exit status, 128 + n when signal n ended it.
///
/// SIGINT, SIGTERM and SIGHUP that reach the calling thread meanwhile end the program and everything
/// it started, and are then thrown as Error{unavailable, "cancelled by SIGINT"}. When the calling
/// process dies, the program dies too. Needs root, and a process with a single thread.
int run_contained(const std::vector<std::string>& words, const std::string& temporary, const Lines& on_line,
                  const Confinement* confinement = nullptr);

}  // namespace carrel::image
