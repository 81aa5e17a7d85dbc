// The log: one line a fact, on standard error. Nothing secret and no text that a person or a model
// typed is ever passed to it. What somebody else's words hold of line ends, terminals' sequences and the like
// is written out (core::visible_text): nobody but us begins a line.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <string_view>

#include "core/log_line.hpp"

namespace carrel::core {

enum class LogFormat { text, json };

/// "json" is json, all else text.
LogFormat log_format_of(std::string_view name);

/// Names the program ("carrel", "carrel-jail", "carrel-desk init") and the least level shown. As text,
/// without a name, lines have neither it nor a time: for a program whose log somebody else keeps.
void open_log(std::string_view program, Level least, LogFormat format = LogFormat::text);

void write_log(Level level, std::string_view line, const LogIds& ids = {});

/// The ids among what a line is made of.
template <class... Arguments>
LogIds ids_among(const Arguments&... arguments) {
    LogIds ids;
    const auto look = [&ids](const auto& argument) {
        if constexpr (std::convertible_to<const decltype(argument)&, std::string_view>)
            take_id(ids, argument);
    };
    (look(arguments), ...);
    return ids;
}

template <class... Arguments>
void log_at(Level level, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    const auto ids = ids_among(arguments...);
    write_log(level, fmt::format(format, std::forward<Arguments>(arguments)...), ids);
}

template <class... Arguments>
void log_debug(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    log_at(Level::debug, format, std::forward<Arguments>(arguments)...);
}
template <class... Arguments>
void log_info(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    log_at(Level::info, format, std::forward<Arguments>(arguments)...);
}
template <class... Arguments>
void log_warning(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    log_at(Level::warning, format, std::forward<Arguments>(arguments)...);
}
template <class... Arguments>
void log_error(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    log_at(Level::error, format, std::forward<Arguments>(arguments)...);
}

}  // namespace carrel::core
