// The files that are given to a page's file input.
#pragma once

#include <string>
#include <vector>

#include "async/run_on.hpp"

namespace carrel::desk::page {

using async::Task;

/// The files as absolute paths; relative ones begin at `home`. Throws Error{invalid, "no_such_file"} for what
/// is no file that can be read; looks on `pool`.
Task<std::vector<std::string>> find_uploads(async::Pool& pool, std::string home,
                                            std::vector<std::string> paths);

}  // namespace carrel::desk::page
