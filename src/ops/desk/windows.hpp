// Operations of windows: what a person does with title bars and the panel.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "json/fields.hpp"
#include "ops/desk/observe.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

std::span<const Operation> window_rows();

/// A window's number, however it is written: 6291464, "6291464", "0x00600008". Nothing when it is none.
std::optional<std::uint32_t> parse_window_id(const json::Value& value);
/// As answers write it: "0x00600008".
std::string window_id_text(std::uint32_t id);

/// Of window/focus, minimize, maximize and restore.
struct PickWindow : Observe {
    std::optional<json::Value> window_id;  ///< absent: the one that has the keyboard
};
const json::Shape<PickWindow>& pick_window_shape();

struct CloseWindow : Observe {
    std::optional<json::Value> window_id;
    bool force = false;
};
const json::Shape<CloseWindow>& close_window_shape();

struct MoveWindow : Observe {
    std::optional<json::Value> window_id;
    int x = 0;
    int y = 0;
};
const json::Shape<MoveWindow>& move_window_shape();

struct ResizeWindow : Observe {
    std::optional<json::Value> window_id;
    int width = 0;  ///< pixels, with the frame
    int height = 0;
};
const json::Shape<ResizeWindow>& resize_window_shape();

}  // namespace carrel::ops
