// What the store keeps of people: their keys, and links to their sessions. Of a secret only its digest.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/clock.hpp"
#include "crypto/digest.hpp"

namespace carrel::store {

struct KeyRow {
    std::string id;  ///< "key_" + 12 hex
    crypto::Sha256 digest{};
    std::string principal;  ///< whose it is: the user
    std::string role;       ///< a name of ops::Role
    std::string name;       ///< what its giver calls it; may be empty
    core::Instant created_at;
    std::optional<core::Instant> last_used_at;  ///< to the minute
    std::optional<core::Instant> expires_at;
    std::optional<core::Instant> revoked_at;
    std::optional<int> most_desks;
    std::optional<int> cpu_percent;  ///< 100 is one core
    std::optional<int> memory_mb;    ///< MiB
    /// By vendor: where the user's own key of its models stands.
    std::map<std::string, std::string> model_keys;
};

struct LinkRow {
    std::string id;  ///< "link_" + 12 hex
    crypto::Sha256 digest{};
    std::string session_id;
    std::string principal;  ///< whose session it is
    std::string key_id;     ///< of who made it; empty when that was no stored one
    std::string role;       ///< a name of ops::Role
    core::Instant created_at;
    core::Instant expires_at;
};

}  // namespace carrel::store
