// What the programs of a desk say, in a piece of memory of fixed size: the format that PID 1 of a desk writes
// and the server reads.
//
// The piece is cut into rings, one for each kind of speaker, so that what a desk's guests make its programs
// say never takes away, and never passes for, what PID 1 said. A record is the byte 0x1E, which no text
// holds, "NUMBER MILLISECONDS SPEAKER TEXT" and a line feed; the newest overwrites the oldest of its ring.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"

namespace carrel::core {

/// Who says something in a desk. Who shares a user with them, so everybody in the desk, can write into what
/// all but the first two say.
enum class Speaker : std::uint8_t {
    init,
    tool_server,
    display,
    window_manager,
    panel,
    message_bus,
    browser,
};
constexpr std::size_t speaker_count = 7;
/// "init", "tool server", …
std::string_view name_of(Speaker speaker);

struct DeskLogLine {
    std::uint64_t number = 0;  ///< in the order in which they were said, from 0
    Instant time;
    Speaker speaker = Speaker::init;
    std::string text;  ///< one line, of at most longest_log_text bytes
};

constexpr std::size_t longest_log_text = 1000;                 ///< bytes
constexpr std::size_t desk_log_size = std::size_t{256} << 10;  ///< bytes of all rings

/// Where bytes go.
struct LogPlace {
    std::size_t offset;
    std::string_view bytes;
};

/// Makes records of what is said, and says where they go.
class DeskLogFormat {
public:
    /// Cleans and cuts the text. Two places where the record goes around the end of its ring; what they refer
    /// to lives until the next call.
    std::array<LogPlace, 2> add(Instant time, Speaker speaker, std::string_view text);

private:
    std::array<std::size_t, 3> next_{};  ///< in each ring
    std::uint64_t number_ = 0;
    std::string record_;
};

struct DeskLog {
    std::vector<DeskLogLine> lines;  ///< the oldest first
    bool is_complete = true;         ///< nothing was overwritten
};

/// Whatever the bytes are: what is no record is passed over, what a record says is cleaned again. Pure.
DeskLog parse_desk_log(std::string_view bytes);

}  // namespace carrel::core
