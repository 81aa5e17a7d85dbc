#include "ops/desk/windows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

/// Coordinates of X are 16 bits wide.
constexpr double furthest = 32'000;

constexpr std::array window_list_members{
    Member{
        "windows", "array",
        "in the order in which they were opened, each {window_id, title, class_name, pid, type, x, y, width, "
        "height, is_active, is_minimized, is_maximized, is_fullscreen}: window_id is a string such as "
        "\"0x00600008\", pid may be null, type is normal, dialog, dock (the panel), desktop, toolbar, menu, "
        "utility, splash or notification; place and size are pixels of the screen and include the frame"},
};
constexpr std::array active_members{
    Member{"window", "any",
           "the window that has the keyboard, as window/list describes it; null when none has"},
    Member{"window_id", "any", "its id, a string; null when none has the keyboard"},
    Member{"window_title", "string", "its title; empty when none has the keyboard"},
};
constexpr std::array window_table{
    Operation{
        .name = "window/list",
        .method = "GET",
        .permission = view,
        .summary = "The windows that are open, the panel among them.",
        .answer = window_list_members,
    },
    Operation{
        .name = "window/active",
        .method = "GET",
        .permission = view,
        .summary = "The window that has the keyboard.",
        .answer = active_members,
    },
    Operation{
        .name = "window/focus",
        .method = "POST",
        .request = Body::json,
        .summary = "Gives a window the keyboard and brings it to the front; a minimized one is shown.",
        .request_schema = schema<pick_window_shape>,
        .answer = observed_answer,
        .example = R"({"screenshot":false})",
    },
    Operation{
        .name = "window/move",
        .method = "POST",
        .request = Body::json,
        .summary =
            "Puts the upper left corner of a window's frame somewhere; a maximized window is restored first.",
        .request_schema = schema<move_window_shape>,
        .answer = observed_answer,
        .example = R"({"x":200,"y":100})",
    },
    Operation{
        .name = "window/resize",
        .method = "POST",
        .request = Body::json,
        .summary =
            "Gives a window another size, frame included, and tells what it has then; programs may round "
            "it, a terminal to whole characters, or refuse it (409).",
        .request_schema = schema<resize_window_shape>,
        .answer = observed_answer,
        .example = R"({"width":640,"height":400})",
    },
    Operation{
        .name = "window/maximize",
        .method = "POST",
        .request = Body::json,
        .summary = "Lets a window fill the screen beside the panel.",
        .request_schema = schema<pick_window_shape>,
        .answer = observed_answer,
        .example = R"({"observe":"none"})",
    },
    Operation{
        .name = "window/restore",
        .method = "POST",
        .request = Body::json,
        .summary = "Ends that a window is minimized, maximized or full screen.",
        .request_schema = schema<pick_window_shape>,
        .answer = observed_answer,
        .example = R"({"observe":"none"})",
    },
    Operation{
        .name = "window/minimize",
        .method = "POST",
        .request = Body::json,
        .summary = "Hides a window; the panel and window/focus show it again.",
        .request_schema = schema<pick_window_shape>,
        .answer = observed_answer,
        .example = R"({"observe":"none"})",
    },
    Operation{
        .name = "window/close",
        .method = "POST",
        .request = Body::json,
        .summary = "Closes a window as a click on its cross does, and answers when it is gone; 409 says why "
                   "it is not, such as a question that it asks first.",
        .request_schema = schema<close_window_shape>,
        .answer = observed_answer,
        .example = R"({"force":false})",
    },
};

std::optional<std::uint32_t> parse_text(std::string_view text) {
    const bool is_hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    if (is_hexadecimal) text.remove_prefix(2);
    std::uint32_t id = 0;
    const auto* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, id, is_hexadecimal ? 16 : 10);
    if (error != std::errc{} || rest != end || id == 0) return std::nullopt;
    return id;
}

template <class Request>
json::Field<Request> window_id_field() {
    auto check = [](const json::Value& value) -> std::optional<std::string> {
        if (parse_window_id(value)) return std::nullopt;
        return "a window's id is a string such as \"0x00600008\" or \"6291464\", or a number: window/list "
               "tells "
               "them";
    };
    return field("window_id", static_cast<std::optional<json::Value> Request::*>(&Request::window_id),
                 "which window, as window/list tells; absent: the one that has the keyboard; \"0x00600008\", "
                 "\"6291464\" and 6291464 are the same",
                 json::Rule{check, {{"type", json::Array{"string", "integer"}}}});
}

}  // namespace

std::span<const Operation> window_rows() { return window_table; }

std::optional<std::uint32_t> parse_window_id(const json::Value& value) {
    if (const auto* text = value.if_string()) return parse_text({text->data(), text->size()});
    std::int64_t number = 0;
    if (const auto* plain = value.if_int64()) number = *plain;
    // 3.0 is a whole number to JSON Schema, and models write it.
    if (const auto* real = value.if_double(); real && std::trunc(*real) == *real && *real < 1e10)
        number = static_cast<std::int64_t>(std::max(*real, 0.0));
    if (number <= 0 || number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    return static_cast<std::uint32_t>(number);
}

std::string window_id_text(std::uint32_t id) { return fmt::format("0x{:08x}", id); }

const Shape<PickWindow>& pick_window_shape() {
    static const Shape<PickWindow> shape{with({window_id_field<PickWindow>()}, observing<PickWindow>())};
    return shape;
}

const Shape<CloseWindow>& close_window_shape() {
    static const Shape<CloseWindow> shape{with(
        {window_id_field<CloseWindow>(),
         field("force", &CloseWindow::force,
               "cuts the window's program off from the display: all its windows go, unsaved work is lost")
             .with_default()},
        observing<CloseWindow>())};
    return shape;
}

const Shape<MoveWindow>& move_window_shape() {
    static const Shape<MoveWindow> shape{
        with({window_id_field<MoveWindow>(),
              field("x", &MoveWindow::x, "column of its left edge", between(-furthest, furthest)),
              field("y", &MoveWindow::y, "row of its upper edge", between(-furthest, furthest))},
             observing<MoveWindow>())};
    return shape;
}

const Shape<ResizeWindow>& resize_window_shape() {
    static const Shape<ResizeWindow> shape{
        with({window_id_field<ResizeWindow>(),
              field("width", &ResizeWindow::width, "pixels, frame included", between(1, furthest)),
              field("height", &ResizeWindow::height, "pixels, frame included", between(1, furthest))},
             observing<ResizeWindow>())};
    return shape;
}

}  // namespace carrel::ops
