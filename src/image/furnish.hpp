// What becomes of a foreign root file system before desks may start from it: what only a host needs goes,
// what a desk needs is added.
#pragma once

#include <string>
#include <string_view>

namespace carrel::image {

/// Leaves plain files, folders and links: no device, socket or pipe, no set-uid or set-gid program, no
/// extended attribute (capabilities, marks of overlays). Nobody else may change it meanwhile; links are not
/// followed.
void clean_root(const std::string& root);

/// To be run with the root file system as this process's root (run_inside_root): mount points, the user agent
/// (1000) and its home, and the files that desks' programs expect in /etc.
void furnish_root();

/// passwd(5) or group(5) with a line for the agent, and no other of its name or number: pure.
std::string with_agent(std::string_view text, std::string_view line);

}  // namespace carrel::image
