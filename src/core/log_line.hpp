// A line of the log as one JSON object, for whoever collects logs by machine. Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/clock.hpp"

namespace carrel::core {

enum class Level { debug, info, warning, error };

/// "debug", "info", "warning", "error".
std::string_view name_of(Level level);

/// What a line is about, as far as it is known: ids of the public form ("sess_" + 12 hexadecimal digits), and
/// of a request "req_" and digits.
struct LogIds {
    std::string_view request;
    std::string_view session;
    std::string_view desk;
};

/// Takes `word` where all of it is an id, and none of that kind was taken before: a line names what it is
/// about before it tells others' words.
void take_id(LogIds& ids, std::string_view word);

/// {"time", "level", "program", "message", "request", "session", "desk"}: the last three where they are
/// known. `message` is visible_text(): well-formed UTF-8 without control characters.
std::string json_log_line(Instant time, std::string_view program, Level level, std::string_view message,
                          const LogIds& ids);

}  // namespace carrel::core
