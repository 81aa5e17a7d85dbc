#include "ops/desk_system.hpp"

#include <array>

#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

using json::between;
using json::field;
using json::length_between;
using json::Shape;

constexpr double longest_pause = 300;
constexpr auto view = Permission::view;
constexpr auto control = Permission::control;

constexpr std::array rows{
    Operation{"system/health", "GET", "/system/health", view, Body::none, Body::json,
              "Whether display and window manager are up."},
    Operation{"system/info", "GET", "/system/info", view, Body::none, Body::json,
              "Processor, memory and disk of the desk."},
    Operation{"system/clipboard", "GET", "/system/clipboard", view, Body::none, Body::json,
              "The clipboard's text."},
    Operation{"system/clipboard", "POST", "/system/clipboard", control, Body::json, Body::json,
              "Sets the clipboard's text.", schema<set_clipboard_shape>},
    Operation{"system/wait", "POST", "/system/wait", view, Body::json, Body::json,
              "Waits, then answers with the screen.", schema<wait_shape>},
};

}  // namespace

std::span<const Operation> system_rows() { return rows; }

const Shape<SetClipboard>& set_clipboard_shape() {
    static const Shape<SetClipboard> shape{
        field("content", &SetClipboard::content, "text", length_between(0, std::size_t{1} << 20))};
    return shape;
}

const Shape<Wait>& wait_shape() {
    static const Shape<Wait> shape{
        field("duration", &Wait::duration, "seconds", between(0, longest_pause)),
        field("screenshot", &Wait::screenshot, "whether the answer brings the screen").with_default()};
    return shape;
}

}  // namespace carrel::ops
