#include "jail/wire/group_watch.hpp"

#include <utility>

#include "core/text.hpp"

namespace carrel::jail::wire {

std::string_view name_of(GroupWatch watch) {
    switch (watch) {
        case GroupWatch::none: return "none";
        case GroupWatch::eventfd: return "eventfd";
        case GroupWatch::events: return "events";
        case GroupWatch::counter: return "counter";
    }
    std::unreachable();
}

GroupWatch watch_of(std::string_view name) {
    for (const auto watch : {GroupWatch::eventfd, GroupWatch::events, GroupWatch::counter})
        if (name == name_of(watch)) return watch;
    return GroupWatch::none;
}

std::optional<std::uint64_t> number_in(std::string_view text, std::string_view key) {
    for (const auto line : core::split(text, '\n'))
        if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ')
            return core::parse_unsigned(line.substr(key.size() + 1));
    return std::nullopt;
}

}  // namespace carrel::jail::wire
