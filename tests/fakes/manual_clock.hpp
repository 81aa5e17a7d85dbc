// A clock that stands still until a test moves it.
#pragma once

#include "core/clock.hpp"

namespace carrel::fakes {

class ManualClock final : public core::Clock {
public:
    core::Instant now() const override { return now_; }
    void advance(std::chrono::milliseconds step) { now_ += step; }

private:
    core::Instant now_{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}};
};

}  // namespace carrel::fakes
