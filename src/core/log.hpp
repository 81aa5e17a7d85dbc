// The log: one line a fact, on standard error. Nothing secret and no text that a person or a model
// typed is ever passed to it. What somebody else's words hold of line ends, terminals' sequences and the like
// is written out (core::visible_text): nobody but us begins a line.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace carrel::core {

enum class Level { debug, info, warning, error };

/// Names the program ("carrel", "carrel-jail", "carrel-desk init") and the least level shown. Without a name
/// lines have neither it nor a time: for a program whose log somebody else keeps.
void open_log(std::string_view program, Level least);

void write_log(Level level, std::string_view line);

template <class... Arguments>
void log_debug(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    write_log(Level::debug, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <class... Arguments>
void log_info(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    write_log(Level::info, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <class... Arguments>
void log_warning(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    write_log(Level::warning, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <class... Arguments>
void log_error(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    write_log(Level::error, fmt::format(format, std::forward<Arguments>(arguments)...));
}

}  // namespace carrel::core
