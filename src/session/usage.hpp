// What a session has used, and its desk uses now.
#pragma once

#include <optional>

#include "fleet/driver.hpp"
#include "store/rows.hpp"

namespace carrel::session {

struct SessionUsage {
    store::SessionRow row;
    bool is_busy = false;
    store::ModelUsage model;           ///< of all its turns
    std::optional<fleet::Usage> desk;  ///< of a desk that lives
    core::Instant now;                 ///< when it was read
};

}  // namespace carrel::session
