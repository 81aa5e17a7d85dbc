// Waiting for the kernel in the single-threaded jail: for the event itself, and never for ever.
#pragma once

#include <chrono>
#include <string_view>

namespace carrel::jail::process {

/// A moment from when it was made on. Waiting beyond it throws timeout: "freezing the desk took
/// longer than 1000 ms".
class Deadline {
public:
    explicit Deadline(std::chrono::milliseconds limit);

    /// Returns when `fd` has one of `events` (poll(2)), an error or a hang-up.
    void wait_for(int fd, short events, std::string_view what) const;
    /// Gives way for a moment: for the few states of the kernel that send no event.
    void pause(std::string_view what) const;

private:
    std::chrono::milliseconds left(std::string_view what) const;

    std::chrono::milliseconds limit_;
    std::chrono::steady_clock::time_point end_;
};

}  // namespace carrel::jail::process
