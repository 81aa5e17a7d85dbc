// The language between `carrel` and `carrel-jail`: one message, one packet of lines.
//
//   7 start                        7 ok
//   id=desk_0123456789ab           pid=4711
//   slot=3                         took.clone=520
//   ...                            7 error
//                                  code=exhausted
//                                  message=making desk desk_…: …
//
// Every request has a number and gets exactly one answer with that number; several may be under way.
// Parsing is pure, bounded, and refuses what it does not know. The process that is root has no parser of
// JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/error.hpp"
#include "jail/wire/spec.hpp"

namespace carrel::jail::wire {

inline constexpr std::size_t longest_request = 4096;  ///< bytes
inline constexpr std::size_t longest_answer = std::size_t{128}
                                              << 10;          ///< bytes; below the socket's own limit
inline constexpr std::size_t most_descriptors_in_answer = 5;  ///< see jail/serve.hpp

/// Make this desk. Answers with its identity, its pidfd, timings and warnings.
struct Start {
    Spec spec;
};
/// Kill the desk, if it lives, and remove all that is left of it, kept files too. Answered when both are
/// done.
struct Stop {
    std::string id;
    /// But for its files: they wait for a Start with Spec::has_kept_files. Fine when they are kept already;
    /// refused when there are none, or none that are whole.
    bool keeps_files = false;
};
/// Take up a living desk after a restart. Refused unless everything in its identity.json is true.
struct Adopt {
    std::string id;
};
/// How a desk whose first process is dead came to its end, as far as this jail knows.
struct Ending {
    std::string id;
};
struct Freeze {
    std::string id;
};
struct Thaw {
    std::string id;
};
/// What the desk uses now: memory, processes, processor time.
struct Usage {
    std::string id;
};
/// Make a living desk otherwise; what is absent stays as it is. Answers with warnings. What was changed
/// before a failure stays changed.
struct Change {
    std::string id;
    std::optional<Limits> limits = {};
    std::optional<Network> network = {};      ///< a cable is only ever taken away
    std::optional<Workspace> workspace = {};  ///< of a desk that has none
};
/// All workspaces of a principal. This answer and the next carry a descriptor: the read end of a pipe.
struct ListWorkspaces {
    std::string owner;
};
/// The files of one, as tar.
struct ReadWorkspace {
    std::string owner;
    std::string name;
};
/// Refused while a living desk has it.
struct DeleteWorkspace {
    std::string owner;
    std::string name;
};
/// Every desk directory, and whether its desk lives; "asleep" where only files are kept.
struct List {};
/// What this host can do, and what it lacks.
struct Doctor {};

using What = std::variant<Start, Stop, Adopt, Ending, Freeze, Thaw, Usage, Change, ListWorkspaces,
                          ReadWorkspace, DeleteWorkspace, List, Doctor>;

struct Request {
    std::uint64_t number;
    What what;
};

/// Lines `key=value`; a key may come more than once.
using Fields = std::vector<std::pair<std::string, std::string>>;

struct Answer {
    std::uint64_t number;
    std::optional<core::Error> error;  ///< else `fields` hold the result
    Fields fields;

    /// The first value of `key`, or nothing.
    std::optional<std::string_view> find(std::string_view key) const;
    /// The number that `key` holds; throws internal when there is none.
    std::uint64_t get_number(std::string_view key) const;
};

std::string format_request(const Request& request);
core::Expected<Request> parse_request(std::string_view text);
/// The number of a request that parse_request refuses, so that its refusal can be sent back.
std::uint64_t number_of(std::string_view request);

std::string format_answer(const Answer& answer);
core::Expected<Answer> parse_answer(std::string_view text);

}  // namespace carrel::jail::wire
