#include "app/drivers.hpp"

#include <utility>

#include "driver/native/native_driver.hpp"

namespace carrel::app {

namespace {

constexpr const char* native = "native";

}  // namespace

Drivers make_drivers(const async::Executor& executor, core::Fd jail, const std::string& data) {
    Drivers drivers;
    drivers[native] = std::make_unique<driver::native::NativeDriver>(executor, std::move(jail), data);
    return drivers;
}

fleet::Driver& driver_of_desks(const Drivers& drivers) { return *drivers.at(native); }

}  // namespace carrel::app
