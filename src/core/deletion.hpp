// Deleting what others have made, however deep: neither descriptors nor the stack grow with the depth.
#pragma once

#include <string>

namespace carrel::core {

/// Deletes all that `folder` holds: directories inside are moved up into `folder` before they are emptied.
/// Follows no symbolic link. False when something could not be deleted.
bool delete_contents(const std::string& folder);

/// The same, and the folder itself; or what else has that path. False also when nothing has.
bool delete_path(const std::string& path);

}  // namespace carrel::core
