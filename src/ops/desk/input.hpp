// Operations of mouse and keyboard: their requests and rows.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "ops/desk/observe.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

std::span<const Operation> input_rows();

struct Click : Observe {
    std::string button;
    std::optional<Point> coordinate;  ///< where the pointer is when absent
    std::optional<std::string> key;   ///< a chord held meanwhile
};
const json::Shape<Click>& click_shape();

struct Move : Observe {
    Point coordinate;
};
const json::Shape<Move>& move_shape();

struct Drag : Observe {
    Point start_coordinate;
    Point end_coordinate;
    std::optional<std::string> key;
};
const json::Shape<Drag>& drag_shape();

/// Of mouse/down and mouse/up: at the pointer.
struct PressButton : Observe {
    std::string button = "left";
};
const json::Shape<PressButton>& press_button_shape();

struct Scroll : Observe {
    std::string direction;
    int amount = 1;  ///< clicks of the wheel
    std::optional<Point> coordinate;
    std::optional<std::string> modifier_key;
};
const json::Shape<Scroll>& scroll_shape();

struct PressKey : Observe {
    std::string key;
    int repeat = 1;
};
const json::Shape<PressKey>& press_key_shape();

struct TypeText : Observe {
    std::string text;
};
const json::Shape<TypeText>& type_text_shape();

struct HoldKey : Observe {
    std::string key;
    double duration = 0;  ///< seconds
};
const json::Shape<HoldKey>& hold_key_shape();

}  // namespace carrel::ops
