// What an input may have begun behind the screen and that will change it yet, such as a page that is loaded.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "desk/picture/picture.hpp"

namespace carrel::desk::screen {

using Time = std::chrono::steady_clock::time_point;

class Loading {
public:
    struct State {
        bool goes_on = false;
        /// A window of its own, such as a list, is on its way to the screen.
        bool opens_window = false;
        /// Whoever got the input had it by then: a first change is awaited from there.
        std::optional<Time> heard_at;
        /// When the last of it ended: what changed before does not show it yet.
        std::optional<Time> ended_at;
        /// Where it is shown, when that is known: what changes elsewhere does not show it.
        std::optional<picture::Region> area;
    };

    virtual ~Loading() = default;
    /// The input has been given.
    virtual void begin() = 0;
    virtual State state() const = 0;
    /// `changed` is called whenever the state may be another; not after this is gone.
    virtual void on_change(std::function<void()> changed) = 0;
};

}  // namespace carrel::desk::screen
