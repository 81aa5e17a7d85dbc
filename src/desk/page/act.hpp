// Acts on elements of a page by their numbers: where they are, fields, files; and pictures of the viewport.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "desk/page/input.hpp"

namespace carrel::desk::page {

using async::Task;

/// An element by its number, or a point of the viewport.
struct PageTarget {
    std::optional<int> reference;
    PagePoint point;
    bool is_release = false;  ///< of a button that is down, which comes up over an open list too
};

struct Viewport {
    double width = 0;
    double height = 0;
    double page_x = 0;  ///< of its corner in the document
    double page_y = 0;
    double scale = 1;  ///< screen pixels in a CSS pixel
    bool is_hidden = false;
    bool may_have_list = false;  ///< one of the browser's own is open in it, or a frame has the focus
};

Task<Viewport> viewport_of(Page& page);
/// Brings its tab to the front when it is behind another one: what is not shown takes no input.
Task<Viewport> show(Pages& pages, Page& page);

/// Where to point at: an element is scrolled into view. Throws
///   Error{not_found, "stale_reference"}
///   Error{conflict, "not_visible"}     the element has no place on the page
///   Error{conflict, "covered"}         something else is over it: the sentence says what
///   Error{invalid, "outside_viewport"}
///   Error{conflict, "list_open"}         a point, while a list was open that pictures show over the page:
///                                      what is done there would meet the page beneath. It is closed.
Task<PagePoint> locate(Pages& pages, Page& page, PageTarget target);

/// Scrolls until the element is in view. Answers what covers it there, if something does. Throws
/// Error{conflict, "not_visible"} when nothing brings it into view.
Task<std::string> scroll_to(Pages& pages, Page& page, int reference);

struct FieldState {
    json::Value value;        ///< what the field holds now
    bool is_changed = false;  ///< by the page, from what was given
};
/// Throws Error{invalid, "field_refused"} with what the field would take.
Task<FieldState> set_field(Pages& pages, Page& page, int reference, json::Value value);

/// Gives files of the desk to a file input, by absolute paths. Throws Error{invalid, …}.
Task<> give_files(Page& page, int reference, std::vector<std::string> paths);

struct PagePicture {
    std::string png;  ///< in base64
};
/// The viewport in CSS pixels, or a part of it {x0, y0, x1, y1} as large as fits the viewport on the screen.
Task<PagePicture> take_picture(Pages& pages, Page& page, std::optional<std::array<double, 4>> region = {});

}  // namespace carrel::desk::page
