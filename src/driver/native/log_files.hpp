// Desks' logs on this machine: files that the jail makes and PID 1 of a desk writes (core/desk_log.hpp).
#pragma once

#include <string>
#include <vector>

#include "fleet/driver.hpp"

namespace carrel::driver::native {

class LogFiles final : public fleet::DeskLogs {
public:
    /// `folder`: DATA/logs.
    explicit LogFiles(std::string folder) : folder_{std::move(folder)} {}

    core::DeskLog read(const std::string& desk) const override;
    void remove(const std::string& desk) const override;
    std::vector<std::string> list() const override;

private:
    std::string path_of(const std::string& desk) const { return folder_ + "/" + desk; }

    std::string folder_;
};

}  // namespace carrel::driver::native
