// What goes on behind a screen that rests: lists and menus that are opening, and what others know to be
// loaded.
#pragma once

#include <memory>

#include "async/task.hpp"
#include "desk/screen/loading.hpp"
#include "desk/screen/popups.hpp"

namespace carrel::desk::desktop {

/// Watches from now on. `popups` must outlive it; `others` may be null.
std::unique_ptr<screen::Loading> watch_behind(async::Executor executor, screen::Popups& popups,
                                              std::unique_ptr<screen::Loading> others);

}  // namespace carrel::desk::desktop
