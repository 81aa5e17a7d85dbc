// What a process of the jail's may still do that reads files which a desk has written.
#pragma once

namespace carrel::jail::workspaces {

/// For the rest of this process `folder` is all that it can see, as `input`, and `output` all that it can
/// write to. It reads every file there whoever owns it, and has no other right.
void confine(int folder, int output);
inline constexpr int input = 3, output = 4;

}  // namespace carrel::jail::workspaces
