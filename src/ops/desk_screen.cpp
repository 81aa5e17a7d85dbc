#include "ops/desk_screen.hpp"

#include <array>

#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

using json::between;
using json::field;
using json::Field;
using json::one_of;
using json::Shape;

constexpr int largest_side = 16384;
constexpr auto view = Permission::view;

template <class Request>
std::vector<Field<Request>> picturing() {
    return {field("format", static_cast<std::string Request::*>(&Request::format), "png or jpeg",
                  one_of({"png", "jpeg"}))
                .with_default(),
            field("quality", static_cast<int Request::*>(&Request::quality), "of a JPEG", between(1, 100))
                .with_default(),
            field("scale", static_cast<std::optional<double> Request::*>(&Request::scale),
                  "pixels of the picture for one of the screen", between(0.05, 8)),
            field("width", static_cast<std::optional<int> Request::*>(&Request::width),
                  "of the picture, in pixels; the height follows unless given", between(1, largest_side)),
            field("height", static_cast<std::optional<int> Request::*>(&Request::height),
                  "of the picture, in pixels; the width follows unless given", between(1, largest_side))};
}

constexpr std::array rows{
    Operation{"screen/screenshot", "GET", "/screen/screenshot", view, Body::none, Body::picture,
              "The screen as a PNG or JPEG, with the pointer.", schema<screenshot_shape>},
    Operation{"screen/screenshot", "POST", "/screen/screenshot", view, Body::json, Body::picture,
              "The screen as a PNG or JPEG, with the pointer.", schema<screenshot_shape>},
    Operation{"screen/screenshot/region", "POST", "/screen/screenshot/region", view, Body::json,
              Body::picture, "A rectangle of the screen in its own pixels.", schema<region_screenshot_shape>},
    Operation{"screen/zoom", "POST", "/screen/zoom", view, Body::json, Body::picture,
              "A rectangle of the screen in its own pixels; scale, width or height enlarge it.",
              schema<region_screenshot_shape>},
    Operation{"screen/info", "GET", "/screen/info", view, Body::none, Body::json,
              "Width and height of the screen in pixels."},
    Operation{"screen/cursor_position", "GET", "/screen/cursor_position", view, Body::none, Body::json,
              "Where the pointer is."},
};

}  // namespace

std::span<const Operation> screen_rows() { return rows; }

const Shape<Screenshot>& screenshot_shape() {
    static const Shape<Screenshot> shape{picturing<Screenshot>()};
    return shape;
}

const Shape<RegionScreenshot>& region_screenshot_shape() {
    static const Shape<RegionScreenshot> shape{with(
        {field("x0", &RegionScreenshot::x0, "left edge"), field("y0", &RegionScreenshot::y0, "upper edge"),
         field("x1", &RegionScreenshot::x1, "right edge, not part of the picture"),
         field("y1", &RegionScreenshot::y1, "lower edge, not part of the picture")},
        picturing<RegionScreenshot>())};
    return shape;
}

}  // namespace carrel::ops
