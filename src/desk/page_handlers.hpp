// Binds the operations on pages to their rows.
#pragma once

#include <vector>

#include "async/run_on.hpp"
#include "desk/handlers.hpp"
#include "desk/page.hpp"

namespace carrel::desk {

/// browser/page/…; all must outlive the bindings. Paths of uploads begin at `home`.
std::vector<Binding> bind_page(Pages& pages, async::Pool& pool, std::string home);

/// The files as absolute paths. Throws Error{invalid, "no_such_file"} for what is no file that can be read;
/// looks on `pool`.
Task<std::vector<std::string>> find_uploads(async::Pool& pool, std::string home,
                                            std::vector<std::string> paths);

}  // namespace carrel::desk
