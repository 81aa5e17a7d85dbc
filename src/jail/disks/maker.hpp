// The process that makes disks, takes them apart, and measures the layers of desks that have none: each of
// these takes milliseconds or more, and the jail has other requests to answer meanwhile.
//
//     make 524288000          file (with it), made 524288000 (with the mount), or failed WHY
//     drop (with the mount)   dropped
//     keep (with the mount)   dropped: all is written down, for its next desk
//     measure desk_… (with a folder)   measured desk_… 4711
#pragma once

#include <string>

namespace carrel::jail::disks {

/// Answers the packets of `channel` until its other end closes.
[[noreturn]] void run_maker(int channel, const std::string& folder);

}  // namespace carrel::jail::disks
