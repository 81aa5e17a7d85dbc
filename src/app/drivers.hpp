// The drivers of this server, by their names. Only drivers.cpp knows which there are.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "async/task.hpp"
#include "core/fd.hpp"
#include "fleet/driver.hpp"

namespace carrel::app {

using Drivers = std::map<std::string, std::unique_ptr<fleet::Driver>>;

/// `jail` leads to `carrel-jail serve`, `data` is the data directory. Throws Error when a driver cannot work
/// here at all.
Drivers make_drivers(const async::Executor& executor, core::Fd jail, const std::string& data);

/// The one that makes every desk: no row names another.
fleet::Driver& driver_of_desks(const Drivers& drivers);

}  // namespace carrel::app
