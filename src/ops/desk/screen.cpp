#include "ops/desk/screen.hpp"

#include <array>

#include "core/desk_shape.hpp"
#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

using json::Field;

using core::largest_height;
using core::largest_width;
using core::smallest_height;
using core::smallest_width;

template <class Request>
std::vector<Field<Request>> picturing() {
    return {
        field("format", static_cast<std::optional<std::string> Request::*>(&Request::format),
              "png (the default), jpeg or webp", one_of({"png", "jpeg", "webp"})),
        field("quality", static_cast<std::optional<int> Request::*>(&Request::quality),
              "of a JPEG or WebP; 85 by default, and 100 makes a WebP lossless", between(1, 100)),
        field("lossless", static_cast<std::optional<bool> Request::*>(&Request::lossless),
              "whether every pixel of a WebP is to be right; a PNG's are always, a JPEG's never"),
        field("scale", static_cast<std::optional<double> Request::*>(&Request::scale),
              "pixels of the picture for one of the screen", between(0.05, 8)),
        field("width", static_cast<std::optional<int> Request::*>(&Request::width),
              "of the picture, in pixels; the height follows unless given", between(1, largest_picture_side)),
        field("height", static_cast<std::optional<int> Request::*>(&Request::height),
              "of the picture, in pixels; the width follows unless given", between(1, largest_picture_side)),
        field("cursor", static_cast<bool Request::*>(&Request::cursor), "whether the pointer is drawn")
            .with_default(),
        field("since", static_cast<std::optional<std::string> Request::*>(&Request::since),
              "the frame of an earlier answer: the answer is what has changed since then"),
        field("wait_change", static_cast<double Request::*>(&Request::wait_change),
              "seconds to wait until the picture differs from since, from If-None-Match, or else from now",
              between(0, longest_wait_for_change))
            .with_default()};
}

constexpr std::array picture_answer{
    Member{"image", "string", "the picture in base64, unless change is unchanged or rectangles", false},
    Member{"base64_image", "string", "the same", false},
    Member{"media_type", "string", "image/png, image/jpeg or image/webp"},
    Member{"width", "integer", "of the picture, in pixels"},
    Member{"height", "integer", "of the picture, in pixels"},
    Member{"frame", "string",
           "names what this part of the screen shows: the same pixels have the same name. For since, and, in "
           "quotes, for If-None-Match"},
    Member{"change", "string",
           "with since or wait_change: unchanged, rectangles (the picture is the one of since with these put "
           "in), or whole; whichever is smallest",
           false},
    Member{"paused", "boolean", "true: the desk is paused, and this is its last picture before that", false},
    Member{"rectangles", "array", "with change rectangles: [{x,y,width,height,image}], in pixels and base64",
           false},
};
constexpr std::array info_answer{
    Member{"display_width_px", "integer", "of the screen as it is now"},
    Member{"display_height_px", "integer", "of the screen as it is now"},
    Member{"display_number", "integer", "1"},
    Member{"actual_width_px", "integer", "the same as display_width_px"},
    Member{"actual_height_px", "integer", "the same as display_height_px"},
};
constexpr std::array cursor_answer{
    Member{"x", "integer", "pixels from the left edge"},
    Member{"y", "integer", "pixels from the upper edge"},
};
constexpr std::array resize_answer{
    Member{"output", "string", "what was done, in a sentence"},
    Member{"width", "integer", "of the screen, in pixels"},
    Member{"height", "integer", "of the screen, in pixels"},
};

constexpr auto picture_summary =
    "The screen as a PNG, JPEG or WebP: as JSON, or as bytes when Accept asks for image/png, image/jpeg, "
    "image/webp or image/*. Bytes come with an ETag; If-None-Match with it is answered 304 while nothing has "
    "changed.";

constexpr std::array screen_table{
    Operation{
        .name = "screen/screenshot",
        .method = "GET",
        .permission = view,
        .response = Body::picture,
        .summary = picture_summary,
        .request_schema = schema<screenshot_shape>,
        .answer = picture_answer,
        .example = "format=jpeg&quality=60&scale=0.5",
    },
    Operation{
        .name = "screen/screenshot",
        .method = "POST",
        .permission = view,
        .request = Body::json,
        .response = Body::picture,
        .summary = picture_summary,
        .request_schema = schema<screenshot_shape>,
        .answer = picture_answer,
        .example = R"({"format":"webp","width":640,"cursor":false})",
    },
    Operation{
        .name = "screen/screenshot/region",
        .method = "POST",
        .permission = view,
        .request = Body::json,
        .response = Body::picture,
        .summary = "A rectangle of the screen in its own pixels.",
        .request_schema = schema<region_screenshot_shape>,
        .answer = picture_answer,
        .example = R"({"x0":0,"y0":0,"x1":200,"y1":100})",
    },
    Operation{
        .name = "screen/zoom",
        .method = "POST",
        .permission = view,
        .request = Body::json,
        .response = Body::picture,
        .summary = "A rectangle of the screen in its own pixels; scale, width or height enlarge it.",
        .request_schema = schema<region_screenshot_shape>,
        .answer = picture_answer,
        .example = R"({"x0":100,"y0":100,"x1":300,"y1":200,"scale":2})",
    },
    Operation{
        .name = "screen/info",
        .method = "GET",
        .permission = view,
        .summary = "Width and height of the screen in pixels.",
        .answer = info_answer,
    },
    Operation{
        .name = "screen/cursor_position",
        .method = "GET",
        .permission = view,
        .summary = "Where the pointer is.",
        .answer = cursor_answer,
    },
    Operation{
        .name = "screen/resize",
        .method = "POST",
        .request = Body::json,
        .summary = "Gives the screen another size, while everything runs; viewers follow. A display that has "
                   "to be started again has the session's size.",
        .request_schema = schema<resize_screen_shape>,
        .answer = resize_answer,
        .example = R"({"width":1280,"height":800})",
    },
};

}  // namespace

std::span<const Operation> screen_rows() { return screen_table; }

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

const Shape<ResizeScreen>& resize_screen_shape() {
    static const Shape<ResizeScreen> shape{
        field("width", &ResizeScreen::width, "pixels", between(smallest_width, largest_width)),
        field("height", &ResizeScreen::height, "pixels", between(smallest_height, largest_height))};
    return shape;
}

}  // namespace carrel::ops
