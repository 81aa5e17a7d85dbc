// Time as values: the clock that code asks, and RFC 3339.
#pragma once

#include <chrono>
#include <string>

namespace carrel::core {

/// Wall-clock time as stored and sent: UTC, milliseconds.
using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

/// What code that stamps things asks, so that tests can hold time still (tests/fakes ManualClock).
class Clock {
public:
    virtual ~Clock() = default;
    virtual Instant now() const = 0;
};

class SystemClock final : public Clock {
public:
    Instant now() const override;
};

/// "2026-11-20T15:04:05.123Z" (RFC 3339, UTC).
std::string to_rfc3339(Instant instant);

}  // namespace carrel::core
