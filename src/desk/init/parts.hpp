// What init's children become: each program of a desk with its arguments and descriptors.
#pragma once

#include <string>
#include <vector>

#include "core/fd.hpp"

namespace carrel::desk::init {

/// A Unix socket that listens at `path`; whatever was there before is removed. Throws.
core::Fd listen_at(const std::string& path);

// Each of these runs in a child of init, which has one thread, and never returns.

/// Xvnc as display :1, of CARREL_WIDTH×CARREL_HEIGHT pixels, taking clients from `listener`.
[[noreturn]] void become_display(int listener);
/// The session's message bus, taking clients from `listener`.
[[noreturn]] void become_bus(int listener);
/// A program that needs only the display.
[[noreturn]] void become_plain(std::vector<std::string> words);
/// `carrel-desk serve`, from the open executable `program`, with `link` to init. `is_next`: there was one
/// before it.
[[noreturn]] void become_tool_server(int program, int link, bool is_next);

}  // namespace carrel::desk::init
