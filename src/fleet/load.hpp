// What all desks use, for whoever watches over the server. Asked of the driver, never of the desks: a frozen
// one is measured as it is.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "async/gate.hpp"
#include "async/task.hpp"
#include "fleet/driver.hpp"

namespace carrel::fleet {

class Fleet;

struct DeskLoad {
    std::string desk;     ///< its id
    std::string session;  ///< whose it is
    Usage usage;
};

using DeskLoads = std::vector<DeskLoad>;

class Loads {
public:
    using Clock = std::chrono::steady_clock;

    /// `fleet` must outlive it. What was measured is good for `lasts`.
    Loads(async::Executor executor, const Fleet& fleet, Clock::duration lasts = std::chrono::seconds{1})
        : fleet_{fleet}, lasts_{lasts}, changed_{std::move(executor)} {}

    /// Of every desk that lives and could be measured in time. However many ask, it is measured once.
    Task<std::shared_ptr<const DeskLoads>> read();

private:
    Task<std::shared_ptr<const DeskLoads>> measure() const;

    const Fleet& fleet_;
    Clock::duration lasts_;
    std::shared_ptr<const DeskLoads> known_;
    Clock::time_point known_since_;
    bool is_measuring_ = false;
    async::Gate changed_;
};

}  // namespace carrel::fleet
