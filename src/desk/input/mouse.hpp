// The desk's pointer, by XTest.
#pragma once

#include <chrono>
#include <optional>

#include "desk/screen/watch.hpp"
#include "desk/x11/connection.hpp"
#include "ops/desk/observe.hpp"

namespace carrel::desk::input {

using async::Task;

/// As X numbers them.
enum class Button : std::uint8_t {
    left = 1,
    middle = 2,
    right = 3,
    up = 4,
    down = 5,
    to_left = 6,
    to_right = 7
};

class Mouse {
public:
    /// Both must outlive it.
    Mouse(x11::Connection& connection, screen::Watching& watching)
        : connection_{connection}, watching_{watching} {}

    Task<ops::Point> position();
    /// These three are queued in order, not sent.
    void move(ops::Point to);
    void press(Button button, std::chrono::milliseconds after = {});
    void release(Button button);
    void click(Button button, int times);
    /// From one place to another with the left button down. Programs take it for a drag only if they see
    /// the pointer leave, so each of some steps waits for the screen to answer, for a tenth of a second at
    /// most, and the arrival for two.
    Task<> drag(ops::Point from, ops::Point to);

private:
    x11::Connection& connection_;
    screen::Watching& watching_;
};

}  // namespace carrel::desk::input
