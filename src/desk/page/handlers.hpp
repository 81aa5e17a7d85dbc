// Binds the operations on pages to their rows.
#pragma once

#include <vector>

#include "async/run_on.hpp"
#include "desk/desktop/desktop.hpp"
#include "desk/page/page.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk::page {

/// What reads pages and acts on them; all must outlive the bindings. Paths of uploads begin at `home`.
std::vector<rest::Binding> bind_page(Pages& pages, desktop::Display& display, async::Pool& pool,
                                     std::string home);

/// What they downloaded, wrote to their consoles and asked of the network.
std::vector<rest::Binding> bind_page_logs(Pages& pages);

}  // namespace carrel::desk::page
