#include "store/rows.hpp"

#include <array>

namespace carrel::store {

namespace {

constexpr std::array<std::string_view, 8> names{"starting", "ready", "failed", "lost",
                                                "stopped",  "warm",  "frozen", "paused"};

}  // namespace

std::string_view name_of(DeskState state) { return names[static_cast<std::size_t>(state)]; }

DeskState desk_state_of(std::string_view name) {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return static_cast<DeskState>(i);
    // A word that only another version writes: such a desk is not one that we may use.
    return DeskState::lost;
}

std::string_view name_of(OnIdle what) { return what == OnIdle::freeze ? "freeze" : "destroy"; }

OnIdle on_idle_of(std::string_view name) { return name == "destroy" ? OnIdle::destroy : OnIdle::freeze; }

}  // namespace carrel::store
