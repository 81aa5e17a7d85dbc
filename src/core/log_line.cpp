#include "core/log_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "core/id.hpp"

namespace carrel::core {

namespace {

bool is_request_id(std::string_view word) {
    constexpr std::string_view prefix = "req_";
    if (!word.starts_with(prefix) || word.size() == prefix.size() || word.size() > 40) return false;
    return std::ranges::all_of(word.substr(prefix.size()),
                               [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

void append_member(std::string& object, std::string_view name, std::string_view text) {
    fmt::format_to(std::back_inserter(object), R"({}"{}":")", object.empty() ? "{" : ",", name);
    for (const char c : text) {
        if (c == '"' || c == '\\') object += '\\';
        object += c;
    }
    object += '"';
}

}  // namespace

std::string_view name_of(Level level) {
    constexpr std::array<std::string_view, 4> names{"debug", "info", "warning", "error"};
    return names[std::to_underlying(level)];
}

void take_id(LogIds& ids, std::string_view word) {
    if (ids.request.empty() && is_request_id(word)) ids.request = word;
    if (ids.session.empty() && is_id("sess_", word)) ids.session = word;
    if (ids.desk.empty() && is_id("desk_", word)) ids.desk = word;
}

std::string json_log_line(Instant time, std::string_view program, Level level, std::string_view message,
                          const LogIds& ids) {
    std::string object;
    append_member(object, "time", to_rfc3339(time));
    append_member(object, "level", name_of(level));
    if (!program.empty()) append_member(object, "program", program);
    append_member(object, "message", message);
    for (const auto& [name, id] :
         {std::pair{"request", ids.request}, std::pair{"session", ids.session}, std::pair{"desk", ids.desk}})
        if (!id.empty()) append_member(object, name, id);
    return object + '}';
}

}  // namespace carrel::core
