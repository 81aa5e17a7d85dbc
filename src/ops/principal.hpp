// Who asks, and how far they may go.
#pragma once

#include <string>

#include "ops/operation.hpp"

namespace carrel::ops {

/// What somebody may do. In rising order: each may do what the one before it may.
enum class Role {
    guest,       ///< showed no key: what is open to everybody
    viewer,      ///< looks at what is their own
    controller,  ///< acts on it, too
    owner,       ///< makes and ends it: everything
};

/// The greatest permission that the role has.
Permission highest_permission(Role role);

/// Everything is asked in the name of one. What is kept of it is the name.
struct Principal {
    std::string name;  ///< "local", or the name of a key; empty for a guest
    Role role = Role::guest;

    bool may(Permission permission) const { return permission <= highest_permission(role); }
    bool operator==(const Principal&) const = default;
};

/// Whoever asks a server that needs no key.
Principal local_principal();

}  // namespace carrel::ops
