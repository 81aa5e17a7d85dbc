// Logins of browsers: what a cookie stands for. In memory: a restart asks for the key again.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "crypto/digest.hpp"
#include "people/grant.hpp"

namespace carrel::api {

/// A login ends so long after it began, or after it was last used.
constexpr std::chrono::seconds login_lasts = std::chrono::days{7};
constexpr std::chrono::seconds login_may_idle = std::chrono::days{1};
/// Of one principal: enough for every browser of a team. One more ends the one that has been idle longest.
constexpr std::size_t most_logins_of_one = 100;

class Logins {
public:
    /// `clock` must outlive it.
    explicit Logins(const core::Clock& clock) : clock_{&clock} {}

    /// A new secret for the browser of who has shown a key.
    std::string begin(std::shared_ptr<people::Grant> grant);
    /// What its key gives, which may have ended since; null when the login has ended. That it was used
    /// counts.
    std::shared_ptr<people::Grant> find(std::string_view secret);
    void end(std::string_view secret);
    std::size_t size() const { return logins_.size(); }

private:
    struct Login {
        std::shared_ptr<people::Grant> grant;
        core::Instant begun;
        core::Instant used;
    };
    bool has_ended(const Login& login) const;
    void make_room(const std::string& principal);

    const core::Clock* clock_;
    std::map<crypto::Sha256, Login> logins_;  ///< by the secret's digest
};

}  // namespace carrel::api
