// What init's children become: each program of a desk with its arguments and descriptors.
#pragma once

#include <string>
#include <vector>

#include "core/fd.hpp"

namespace carrel::desk::init {

/// A Unix socket that listens at `path`; whatever was there before is removed. Throws.
core::Fd listen_at(const std::string& path);

// Each of these runs in a child of init, which has one thread, and never returns.

// What it writes goes to `output`.

/// Xvnc as display :1, of CARREL_WIDTH×CARREL_HEIGHT pixels, taking clients from `listener`.
[[noreturn]] void become_display(int listener, int output);
/// The session's message bus, taking clients from `listener`.
[[noreturn]] void become_bus(int listener, int output);
/// A program that needs only the display.
[[noreturn]] void become_plain(std::vector<std::string> words, int output);

/// What the tool server is given, and what it writes to.
struct ForToolServer {
    int program;  ///< the open executable of it and of init
    int link;     ///< to init
    int browser;  ///< for the output of the browser, which it starts
    int output;
    bool is_next;  ///< there was one before it
};
[[noreturn]] void become_tool_server(const ForToolServer& given);

}  // namespace carrel::desk::init
