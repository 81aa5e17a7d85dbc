#include "desk/input/mouse.hpp"

#include <xcb/xtest.h>

#include <algorithm>

namespace carrel::desk::input {

namespace {

using namespace std::chrono_literals;

/// Programs count clicks by the X server's clock, whose unit is a millisecond: Chromium takes a second
/// press at the time of the first for the same one. The server itself waits that long, and only for us.
constexpr auto repeat_time = 2ms;
constexpr screen::SettleTimes step_times{30ms, 10ms, 100ms};
/// A program that lets something be dropped asks where and is answered, by messages that nobody else sees.
constexpr screen::SettleTimes arrival_times{60ms, 25ms, 200ms};
/// Beyond what toolkits take for a trembling hand (8 pixels).
constexpr int first_steps = 10;
constexpr int steps = 12;
constexpr int steps_at_once = 3;

/// Lets the button up again, however a drag ends.
class Down {
public:
    Down(x11::Connection& connection, Mouse& mouse) : connection_{connection}, mouse_{mouse} {
        mouse_.press(Button::left);
    }
    ~Down() {
        mouse_.release(Button::left);
        connection_.flush();
    }
    Down(const Down&) = delete;
    Down& operator=(const Down&) = delete;

private:
    x11::Connection& connection_;
    Mouse& mouse_;
};

ops::Point between(ops::Point from, ops::Point to, int step) {
    return {from.x + (to.x - from.x) * step / steps, from.y + (to.y - from.y) * step / steps};
}

/// A place just outside of `from`, on the way to `to`.
ops::Point leaving(ops::Point from, ops::Point to) {
    const auto step = [](int begin, int end) {
        return begin + std::clamp(end - begin, -first_steps, first_steps);
    };
    return {step(from.x, to.x), step(from.y, to.y)};
}

}  // namespace

Task<ops::Point> Mouse::position() {
    const auto pointer = co_await connection_.answer<xcb_query_pointer_reply_t>(
        xcb_query_pointer(connection_.raw(), connection_.root()).sequence, "reading where the pointer is");
    co_return ops::Point{pointer->root_x, pointer->root_y};
}

void Mouse::move(ops::Point to) {
    xcb_test_fake_input(connection_.raw(), XCB_MOTION_NOTIFY, 0, XCB_CURRENT_TIME, connection_.root(),
                        static_cast<std::int16_t>(to.x), static_cast<std::int16_t>(to.y), 0);
}

void Mouse::press(Button button, std::chrono::milliseconds after) {
    xcb_test_fake_input(connection_.raw(), XCB_BUTTON_PRESS, static_cast<std::uint8_t>(button),
                        static_cast<std::uint32_t>(after.count()), XCB_NONE, 0, 0, 0);
}

void Mouse::release(Button button) {
    xcb_test_fake_input(connection_.raw(), XCB_BUTTON_RELEASE, static_cast<std::uint8_t>(button),
                        XCB_CURRENT_TIME, XCB_NONE, 0, 0, 0);
}

void Mouse::click(Button button, int times) {
    for (int i = 0; i < times; ++i) {
        press(button, i == 0 ? 0ms : repeat_time);
        release(button);
    }
}

Task<> Mouse::drag(ops::Point from, ops::Point to) {
    move(from);
    const auto step = [this](screen::Watch& watch) -> Task<> {
        co_await connection_.sync();
        co_await watch.settle(step_times);
    };
    screen::Watch watch{watching_};
    co_await step(watch);
    const Down down{connection_, *this};
    co_await step(watch);
    move(leaving(from, to));
    co_await step(watch);
    for (int i = 1; i <= steps; ++i) {
        move(between(from, to, i));
        if (i % steps_at_once == 0) co_await step(watch);
    }
    // Many programs look where a drag goes only at the next motion after they have taken it for one.
    move({to.x > 0 ? to.x - 1 : to.x + 1, to.y});
    move(to);
    co_await connection_.sync();
    co_await watch.settle(arrival_times);
}

}  // namespace carrel::desk::input
