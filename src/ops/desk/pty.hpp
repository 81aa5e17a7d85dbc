// Operations of terminals that a client is connected to: their requests and rows.
#pragma once

#include <span>
#include <string>

#include "json/fields.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

std::span<const Operation> pty_rows();

/// What is executed in one word of a program's arguments has this many bytes at most (MAX_ARG_STRLEN).
inline constexpr std::size_t longest_word = 128 * 1024 - 1;

struct OpenPty {
    int cols = 80;
    int rows = 24;
    std::string command;  ///< empty: an interactive login shell
    std::string cwd;      ///< empty: the home directory
    std::string pty_id;   ///< empty: a new one is made up
};
const json::Shape<OpenPty>& open_pty_shape();

struct ResizePty {
    std::string pty_id;  ///< empty: all; so in the others
    int cols = 80;
    int rows = 24;
};
const json::Shape<ResizePty>& resize_pty_shape();

struct SignalPty {
    std::string pty_id;
    std::string signal;
};
const json::Shape<SignalPty>& signal_pty_shape();

struct ClosePty {
    std::string pty_id;
};
const json::Shape<ClosePty>& close_pty_shape();

/// What may be the id of a terminal or a process: 1 to 64 letters, digits, "-", "_" and ".".
json::Rule id_rule();

}  // namespace carrel::ops
