// Who asks, and how far they may go.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ops/operation.hpp"

namespace carrel::ops {

/// What somebody may do. In rising order: each may do what the one before it may.
enum class Role {
    guest,       ///< showed no key: what is open to everybody
    viewer,      ///< looks at what is their own
    controller,  ///< acts on it, too; by a link, since no key has this role
    user,        ///< makes and ends it: everything that is their own
    admin,       ///< the same with what is anybody's, and lets people in
};

/// "guest", "viewer", "controller", "user", "admin".
std::string_view name_of(Role role);
std::optional<Role> find_role(std::string_view name);
/// The greatest permission that the role has.
Permission highest_permission(Role role);

/// Everything is asked in the name of one. What is kept of it is the name.
struct Principal {
    std::string name;  ///< "local", or the name of a key's user; empty for a guest
    Role role = Role::guest;
    std::string key_id = {};        ///< of the stored key that was shown; empty of any other
    std::string only_session = {};  ///< whose link was shown: they reach nothing else

    bool may(Permission permission) const { return permission <= highest_permission(role); }
    /// Whether that session of the principal `owner` is theirs to ask for: the one place that decides it.
    bool reaches(std::string_view owner, std::string_view session) const;
    bool has_only_link() const { return !only_session.empty(); }
    /// Whose share of the server it counts as: who came by a link takes nothing of the session's owner's.
    std::string share() const { return has_only_link() ? "link/" + only_session : name; }
    bool operator==(const Principal&) const = default;
};

/// Whoever asks a server that needs no key.
Principal local_principal();

/// What a user may have at a time, where their keys say it; the server's own limits hold beside it.
struct UserLimits {
    std::optional<int> most_desks;
    std::optional<double> cpus;    ///< of one desk
    std::optional<int> memory_mb;  ///< of one desk, MiB
    bool operator==(const UserLimits&) const = default;
};

}  // namespace carrel::ops
