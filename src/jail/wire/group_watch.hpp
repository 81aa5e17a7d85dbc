// What tells that a desk meets a limit of its groups: opened by the jail, listened to by the server.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace carrel::jail::wire {

/// How a descriptor tells that a desk met one of its limits.
enum class GroupWatch {
    none,     ///< no descriptor: this host has no such limit
    eventfd,  ///< becomes readable (8 bytes); also when the group is removed
    events,   ///< poll for POLLPRI, then pread the whole and compare the number behind the key
    counter,  ///< like events, but nothing wakes who polls: to be read from time to time
};
std::string_view name_of(GroupWatch watch);
/// Of such a name; none for any other.
GroupWatch watch_of(std::string_view name);

/// The number behind `key` in lines "key number", as files of groups have them. Pure.
std::optional<std::uint64_t> number_in(std::string_view text, std::string_view key);

}  // namespace carrel::jail::wire
