// What lets somebody in: a key, or a link. Whatever they have open holds on to it, and is cut when it ends.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "ops/principal.hpp"

namespace carrel::people {

/// Shared by the ring that knows the secret and by all that is open because of it. Of one thread.
class Grant : public std::enable_shared_from_this<Grant> {
public:
    /// Ends at `expires` by the hands of whoever made it; without one it lasts.
    explicit Grant(ops::Principal principal, std::optional<core::Instant> expires = std::nullopt)
        : principal_{std::move(principal)}, expires_{expires} {}

    const ops::Principal& principal() const { return principal_; }
    const std::optional<core::Instant>& expires() const { return expires_; }
    bool has_ended() const { return refusal_.has_value(); }
    /// Why it has ended: what is answered to who still shows it.
    const core::Error& refusal() const { return *refusal_; }

    /// From now on it lets nobody in, and what is open is cut before this returns. Only the first time
    /// counts.
    void end(core::Error refusal);
    /// `cut` is called when the grant ends, unless the answer is gone by then; now, if it has ended.
    std::shared_ptr<const void> hold(std::function<void()> cut);
    /// How many hold on to it.
    std::size_t holders() const { return cuts_.size(); }

private:
    ops::Principal principal_;
    std::optional<core::Instant> expires_;
    std::optional<core::Error> refusal_;
    std::map<std::uint64_t, std::function<void()>> cuts_;
    std::uint64_t last_ = 0;
};

}  // namespace carrel::people
