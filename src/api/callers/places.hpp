// How much one client may have under way at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/error.hpp"

namespace carrel::api {

/// A place, as long as it is kept.
using Place = std::shared_ptr<const void>;

/// So many places for each name; who holds them all waits until one comes back. Places may outlive this.
class Places {
public:
    Places(std::size_t most, core::Error refusal)
        : most_{most}, refusal_{std::move(refusal)}, taken_{std::make_shared<Taken>()} {}

    /// Throws the refusal when none is left.
    Place take(const std::string& name);

private:
    using Taken = std::map<std::string, std::size_t, std::less<>>;

    std::size_t most_;
    core::Error refusal_;
    std::shared_ptr<Taken> taken_;
};

}  // namespace carrel::api
