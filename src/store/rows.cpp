#include "store/rows.hpp"

#include <array>

namespace carrel::store {

namespace {

constexpr std::array<std::string_view, 9> names{"starting", "ready",  "failed", "lost",  "stopped",
                                                "warm",     "frozen", "paused", "asleep"};
constexpr std::array<std::string_view, 3> ends_of_idleness{"freeze", "destroy", "sleep"};

}  // namespace

std::string_view name_of(DeskState state) { return names[static_cast<std::size_t>(state)]; }

DeskState desk_state_of(std::string_view name) {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return static_cast<DeskState>(i);
    // A word that only another version writes: such a desk is not one that we may use.
    return DeskState::lost;
}

std::string_view name_of(OnIdle what) { return ends_of_idleness[static_cast<std::size_t>(what)]; }

OnIdle on_idle_of(std::string_view name) {
    for (std::size_t i = 0; i < ends_of_idleness.size(); ++i)
        if (ends_of_idleness[i] == name) return static_cast<OnIdle>(i);
    return OnIdle::freeze;
}

}  // namespace carrel::store
