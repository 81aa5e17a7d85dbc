// Everything below the folder of a confined process, each once; nothing that a desk can put there leads
// elsewhere, waits, or is opened without being looked at.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <string>

namespace carrel::jail::workspaces {

struct Found {
    int folder;        ///< that it is in
    const char* name;  ///< in there
    std::string path;  ///< from where the walk began
    struct stat status;
};

/// Tells of `name` in `folder` and all that is below it, folders before what they hold; and, with a reason,
/// of what it cannot look into. `path`: what the first is called.
void walk(int folder, const char* name, const std::string& path, const std::function<void(const Found&)>& see,
          const std::function<void(const std::string& path, std::string why)>& leave_out);

}  // namespace carrel::jail::workspaces
