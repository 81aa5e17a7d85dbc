// What a client of a terminal says beside its input, in the subprotocol carrel.pty.v1. Pure.
//
//     client: binary = input · text = {"type":"resize","cols":80,"rows":24} ·
//     {"type":"signal","signal":"SIGINT"}
//             {"type":"eof"} · {"type":"pause"} · {"type":"resume"}
//     desk:   binary = output · text = {"type":"started","pty_id":…,"pid":…} first,
//             {"type":"exit","exit_code":…} or with "signal" last, {"type":"error","message":…}
//
// Without a subprotocol (xterm.js's addon-attach) every message is input and every answer output.
#pragma once

#include <string_view>

#include "core/error.hpp"
#include "desk/spawn/pty.hpp"

namespace carrel::desk::pty {

constexpr auto pty_subprotocol = "carrel.pty.v1";

struct PtyControl {
    enum class Kind { resize, signal, eof, pause, resume } kind;
    spawn::PtySize size{};  ///< of resize
    int signal = 0;
};

/// Refuses with a sentence that says what would be right.
core::Expected<PtyControl> parse_control(std::string_view text);

}  // namespace carrel::desk::pty
