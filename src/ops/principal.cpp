#include "ops/principal.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace carrel::ops {

namespace {

/// In the order of the enumeration.
constexpr std::array<std::string_view, 5> roles{"guest", "viewer", "controller", "user", "admin"};

}  // namespace

std::string_view name_of(Role role) { return roles[std::to_underlying(role)]; }

std::optional<Role> find_role(std::string_view name) {
    const auto* const place = std::ranges::find(roles, name);
    if (place == roles.end()) return std::nullopt;
    return static_cast<Role>(place - roles.begin());
}

Permission highest_permission(Role role) {
    switch (role) {
        case Role::guest: return Permission::open;
        case Role::viewer: return Permission::view;
        case Role::controller: return Permission::control;
        case Role::user: return Permission::create;
        case Role::admin: return Permission::admin;
    }
    std::unreachable();
}

bool Principal::reaches(std::string_view owner, std::string_view session) const {
    if (has_only_link() && session != only_session) return false;
    return owner == name || may(Permission::admin);
}

Principal local_principal() { return {"local", Role::admin}; }

}  // namespace carrel::ops
