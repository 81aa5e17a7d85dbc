// A program's output for clients: pieces of it, and all of it as it comes.
#pragma once

#include <string_view>

#include "desk/background/background.hpp"

namespace carrel::desk::background {

/// "stdout" or "stderr".
const BackgroundProcess::Stream& stream_of(const BackgroundProcess& process, std::string_view name);

/// A place in the log; `wanted` below zero counts from the end. Throws Unprocessable beyond it.
std::uint64_t checked_offset(const BackgroundProcess::Stream& stream, std::int64_t wanted);

/// `data` or `data_base64`, `offset`, `next_offset`.
json::Object to_json(const OutputPiece& piece, bool is_text);

/// An event stream: `output` events with the piece's JSON, `dropped` in it when something is missing before
/// it, their id being the next offset; `end` with how the program ended. A reader that is slow misses what
/// is dropped meanwhile, and is told.
net::Response follow_output(SharedProcess process, std::string_view stream, std::uint64_t offset,
                            bool is_text);

}  // namespace carrel::desk::background
