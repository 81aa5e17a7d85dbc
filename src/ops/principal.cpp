#include "ops/principal.hpp"

#include <utility>

namespace carrel::ops {

Permission highest_permission(Role role) {
    switch (role) {
        case Role::guest: return Permission::open;
        case Role::viewer: return Permission::view;
        case Role::controller: return Permission::control;
        case Role::owner: return Permission::create;
    }
    std::unreachable();
}

Principal local_principal() { return {"local", Role::owner}; }

}  // namespace carrel::ops
