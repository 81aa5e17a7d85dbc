#include "desk/desktop/input_handlers.hpp"

#include <fmt/format.h>

#include "async/task.hpp"
#include "desk/desktop/observe.hpp"
#include "ops/desk/input.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::desktop {

namespace {

using ops::Point;

/// A character takes up to twelve bytes in JSON.
constexpr std::size_t largest_typing = std::size_t{2} << 20;

/// Throws Unprocessable unless the point lies on the screen.
void check(const Desktop& desktop, const Point& point, std::string_view field) {
    const auto size = desktop.screen.size();
    const auto refuse = [&](std::string_view axis, int value, std::string_view side, int length) {
        throw rest::unprocessable({std::string{field}, std::string{axis}},
                                  fmt::format("{} is outside the screen, which is {} pixels {}: 0 to {}",
                                              value, length, side, length - 1));
    };
    if (point.x < 0 || point.x >= size.width) refuse("x", point.x, "wide", size.width);
    if (point.y < 0 || point.y >= size.height) refuse("y", point.y, "high", size.height);
}

std::vector<input::Chord> chords_of(const std::string& text, std::string_view field) {
    auto chords = input::parse_chords(text);
    if (!chords) throw rest::unprocessable({std::string{field}}, chords.error().message());
    return std::move(*chords);
}

/// What is held during another action: all keys of all chords; nothing when absent.
input::Chord held_of(const std::optional<std::string>& text, std::string_view field) {
    input::Chord all;
    if (!text) return all;
    for (const auto& chord : chords_of(*text, field)) all.insert(all.end(), chord.begin(), chord.end());
    return all;
}

struct ClickKind {
    std::string_view name;
    input::Button button;
    int times;
    std::string_view done;
};
constexpr std::array click_kinds{
    ClickKind{"left_click", input::Button::left, 1, "Clicked."},
    ClickKind{"right_click", input::Button::right, 1, "Right-clicked."},
    ClickKind{"middle_click", input::Button::middle, 1, "Middle-clicked."},
    ClickKind{"double_click", input::Button::left, 2, "Double-clicked."},
    ClickKind{"triple_click", input::Button::left, 3, "Triple-clicked."},
};

const ClickKind& click_kind(std::string_view name) {
    for (const auto& kind : click_kinds)
        if (kind.name == name) return kind;
    throw rest::unprocessable({"button"}, "there is no such click");
}

input::Button button_named(std::string_view name) {
    return name == "middle"  ? input::Button::middle
           : name == "right" ? input::Button::right
                             : input::Button::left;
}

input::Button wheel_named(std::string_view direction) {
    if (direction == "up") return input::Button::up;
    if (direction == "down") return input::Button::down;
    return direction == "left" ? input::Button::to_left : input::Button::to_right;
}

/// Moves there, if anywhere, and turns or presses `button` so often, with keys held.
Task<> press_at(Desktop& desktop, std::optional<Point> point, input::Button button, int times,
                input::Chord held_keys) {
    const auto turn = co_await desktop.input.take();
    if (point) desktop.mouse.move(*point);
    const auto held = co_await desktop.keyboard.hold(std::move(held_keys));
    desktop.mouse.click(button, times);
}

Task<net::Response> click(Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::click_shape());
    const auto desktop = co_await display.furnished_desktop();
    if (wish.coordinate) check(*desktop, *wish.coordinate, "coordinate");
    const auto& kind = click_kind(wish.button);
    auto action = press_at(*desktop, wish.coordinate, kind.button, kind.times, held_of(wish.key, "key"));
    co_return co_await act(desktop, wish, std::move(action), std::string{kind.done});
}

Task<net::Response> scroll(Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::scroll_shape());
    const auto desktop = co_await display.furnished_desktop();
    if (wish.coordinate) check(*desktop, *wish.coordinate, "coordinate");
    auto action = press_at(*desktop, wish.coordinate, wheel_named(wish.direction), wish.amount,
                           held_of(wish.modifier_key, "modifier_key"));
    co_return co_await act(desktop, wish, std::move(action), fmt::format("Scrolled {}.", wish.direction));
}

Task<> move_to(Desktop& desktop, Point point) {
    const auto turn = co_await desktop.input.take();
    desktop.mouse.move(point);
}

Task<net::Response> move(Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::move_shape());
    const auto desktop = co_await display.furnished_desktop();
    check(*desktop, wish.coordinate, "coordinate");
    co_return co_await act(desktop, wish, move_to(*desktop, wish.coordinate), "Moved the mouse.");
}

Task<> drag_along(Desktop& desktop, Point from, Point to, input::Chord held_keys) {
    const auto turn = co_await desktop.input.take();
    const auto held = co_await desktop.keyboard.hold(std::move(held_keys));
    co_await desktop.mouse.drag(from, to);
}

Task<net::Response> drag(Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::drag_shape());
    const auto desktop = co_await display.furnished_desktop();
    check(*desktop, wish.start_coordinate, "start_coordinate");
    check(*desktop, wish.end_coordinate, "end_coordinate");
    auto action = drag_along(*desktop, wish.start_coordinate, wish.end_coordinate, held_of(wish.key, "key"));
    co_return co_await act(desktop, wish, std::move(action), "Dragged.");
}

Task<> set_button(Desktop& desktop, input::Button button, bool is_down) {
    const auto turn = co_await desktop.input.take();
    if (is_down)
        desktop.mouse.press(button);
    else
        desktop.mouse.release(button);
}

Task<net::Response> set_button(Display& display, net::Request& request, bool is_down) {
    const auto wish = co_await rest::decode_body(request, ops::press_button_shape());
    const auto desktop = co_await display.furnished_desktop();
    auto name = wish.button;
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
    co_return co_await act(desktop, wish, set_button(*desktop, button_named(wish.button), is_down),
                           fmt::format("{} mouse button {}.", name, is_down ? "pressed" : "released"));
}

Task<> press_keys(Desktop& desktop, std::vector<input::Chord> chords, int times) {
    const auto turn = co_await desktop.input.take();
    co_await desktop.keyboard.press(std::move(chords), times);
}

Task<net::Response> key(Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::press_key_shape());
    auto chords = chords_of(wish.key, "key");
    const auto desktop = co_await display.furnished_desktop();
    co_return co_await act(desktop, wish, press_keys(*desktop, std::move(chords), wish.repeat),
                           fmt::format("Pressed {}.", wish.key));
}

Task<> type_keys(Desktop& desktop, std::vector<input::Keysym> keysyms) {
    const auto turn = co_await desktop.input.take();
    co_await desktop.keyboard.type(std::move(keysyms));
}

Task<net::Response> type(Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::type_text_shape(), largest_typing);
    auto keysyms = input::keysyms_of(wish.text);
    if (!keysyms) throw rest::unprocessable({"text"}, keysyms.error().message());
    const auto desktop = co_await display.furnished_desktop();
    co_return co_await act(desktop, wish, type_keys(*desktop, std::move(*keysyms)), "Typed.");
}

/// Other input may go on while a key is held.
Task<> hold_for(Desktop& desktop, input::Chord chord, async::Duration duration) {
    auto turn = std::make_optional(co_await desktop.input.take());
    auto held = co_await desktop.keyboard.hold(std::move(chord));
    co_await desktop.connection.sync();
    held.let_others_type();
    turn.reset();
    co_await async::pause(duration);
}

Task<net::Response> hold_key(Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::hold_key_shape());
    auto chord = held_of(wish.key, "key");
    request.may_be_dropped = true;
    const auto desktop = co_await display.furnished_desktop();
    const auto duration =
        std::chrono::duration_cast<async::Duration>(std::chrono::duration<double>{wish.duration});
    co_return co_await act(desktop, wish, hold_for(*desktop, std::move(chord), duration),
                           fmt::format("Held {} for {}s.", wish.key, wish.duration));
}

}  // namespace

std::vector<rest::Binding> bind_mouse(Display& display) {
    return {
        {"mouse/click", "POST", [&](net::Request& request) { return click(display, request); }},
        {"mouse/move", "POST", [&](net::Request& request) { return move(display, request); }},
        {"mouse/drag", "POST", [&](net::Request& request) { return drag(display, request); }},
        {"mouse/down", "POST", [&](net::Request& request) { return set_button(display, request, true); }},
        {"mouse/up", "POST", [&](net::Request& request) { return set_button(display, request, false); }},
        {"mouse/scroll", "POST", [&](net::Request& request) { return scroll(display, request); }},
    };
}

std::vector<rest::Binding> bind_keyboard(Display& display) {
    return {
        {"keyboard/key", "POST", [&](net::Request& request) { return key(display, request); }},
        {"keyboard/type", "POST", [&](net::Request& request) { return type(display, request); }},
        {"keyboard/hold_key", "POST", [&](net::Request& request) { return hold_key(display, request); }},
    };
}

}  // namespace carrel::desk::desktop
