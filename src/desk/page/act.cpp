#include "desk/page/act.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "desk/page/tree.hpp"

namespace carrel::desk::page {

namespace {

double number_at(const json::Value& list, std::size_t at) {
    const auto* items = list.if_array();
    return items && at < items->size() && (*items)[at].is_number() ? (*items)[at].to_number<double>() : 0;
}

/// The first corner and the width of a frame's inside, in the pixels of what its owner is drawn in.
struct Inside {
    PagePoint corner;
    double width = 0;
};

Task<Inside> inside_of(Page& page, const PageFrame& owner_frame, const std::string& frame_id) {
    const auto owner = co_await page.call_frame(owner_frame, "DOM.getFrameOwner", {{"frameId", frame_id}});
    const auto box = co_await page.call_frame(
        owner_frame, "DOM.getBoxModel",
        {{"backendNodeId", static_cast<std::int64_t>(json::number_or(owner, "backendNodeId"))}});
    const auto* model = json::find(box, "model");
    const auto* content = model ? json::find(*model, "content") : nullptr;
    if (!content)
        throw core::Error{core::Code::conflict, "the frame has no place on the page", "not_visible"};
    co_return Inside{{number_at(*content, 0), number_at(*content, 1)},
                     std::hypot(number_at(*content, 2) - number_at(*content, 0),
                                number_at(*content, 3) - number_at(*content, 1))};
}

/// The element that shows `frame_id` stands in a frame of the tab's own process, or of another one.
Task<std::pair<Inside, PageFrame>> find_inside(Page& page, std::string frame_id, std::string session) {
    std::vector<PageFrame> owners{page.main_frame()};
    for (const auto& remote : page.tab().remote_frames()) owners.push_back({remote.id, remote.session});
    const bool is_local = page.frame(frame_id).session.empty() && !session.empty();
    for (const auto& owner : owners) {
        if (is_local && owner.session != session) continue;
        try {
            co_return std::pair{co_await inside_of(page, owner, frame_id), owner};
        } catch (const core::Error& error) {
            if (error.reason() != "cdp_refused") throw;
        }
    }
    throw core::Error{core::Code::not_found, "the frame is no longer on the page", "stale_reference"};
}

/// From a frame's own pixels to those of the viewport. `width` is the frame's, in its own pixels.
Task<PagePoint> to_viewport(Page& page, std::string frame_id, PagePoint point, double width) {
    while (frame_id != page.id()) {
        const auto [inside, owner] = co_await find_inside(page, frame_id, {});
        const double scale = width > 0 && inside.width > 0 ? inside.width / width : 1;
        point = {inside.corner.x + point.x * scale, inside.corner.y + point.y * scale};
        // Boxes are told in the pixels of the process's outermost frame.
        frame_id = owner.session.empty() ? page.id() : owner.id;
        width = 0;
    }
    co_return point;
}

}  // namespace

Task<Viewport> viewport_of(Page& page) {
    const auto answer = co_await page.run(page.main_frame(), "view", {});
    const auto* size = json::find(answer.result, "size");
    const auto* corner = json::find(answer.result, "corner");
    const auto* hidden = json::find(answer.result, "hidden");
    if (!size || !corner)
        throw core::Error{core::Code::internal, "the page told no viewport", "page_script_failed"};
    co_return Viewport{number_at(*size, 0),
                       number_at(*size, 1),
                       number_at(*corner, 0),
                       number_at(*corner, 1),
                       std::max(json::number_or(answer.result, "scale"), 0.01),
                       hidden && *hidden == true};
}

Task<Viewport> show(Pages& pages, Page& page) {
    const auto viewport = co_await viewport_of(page);
    if (!viewport.is_hidden) co_return viewport;
    co_await pages.tabs().activate(page.id());
    co_return co_await viewport_of(page);
}

Task<PagePoint> locate(Pages& pages, Page& page, PageTarget target) {
    const auto viewport = co_await show(pages, page);
    if (!target.reference) {
        const auto [x, y] = target.point;
        if (!(x >= 0 && y >= 0 && x < viewport.width && y < viewport.height))
            throw core::Error{core::Code::invalid,
                              fmt::format("({:g}, {:g}) is outside the viewport of {:g}×{:g} pixels", x, y,
                                          viewport.width, viewport.height),
                              "outside_viewport"};
        co_return target.point;
    }
    const auto answer = co_await page.run_on(*target.reference, "point");
    const auto& found = answer.result;
    if (const auto what = json::text_or(found, "hidden"); !what.empty())
        throw core::Error{core::Code::conflict,
                          fmt::format("ref_{} ({}) is not visible", *target.reference, one_line(what, 200)),
                          "not_visible"};
    if (const auto what = json::text_or(found, "covered"); !what.empty())
        throw core::Error{core::Code::conflict,
                          fmt::format("ref_{} ({}) is covered by {}", *target.reference,
                                      one_line(json::text_or(found, "element"), 200), one_line(what, 200)),
                          "covered"};
    // The browser finds out by what was drawn last in which process's frame a click lands.
    if (const auto frame = page.frame(answer.document.frame); !frame.session.empty())
        for (const auto& drawn : {frame, page.main_frame(), page.main_frame()})
            co_await page.run(drawn, "painted", {});
    const auto* size = json::find(found, "size");
    co_return co_await to_viewport(page, answer.document.frame,
                                   {json::number_or(found, "x"), json::number_or(found, "y")},
                                   size ? number_at(*size, 0) : 0);
}

Task<std::string> scroll_to(Pages& pages, Page& page, int reference) {
    co_await show(pages, page);
    const auto answer = co_await page.run_on(reference, "scroll");
    co_return one_line(json::text_or(answer.result, "element"), 200);
}

namespace {

core::Error refused(int reference, std::string_view why) {
    return {core::Code::invalid, fmt::format("ref_{}: {}", reference, one_line(why, 1'500)), "field_refused"};
}

/// What is selected gives way to the text.
Task<> replace_selection(Page& page, const PageFrame& frame, std::string text) {
    if (!text.empty()) {
        co_await page.call_frame(frame, "Input.insertText", {{"text", std::move(text)}});
        co_return;
    }
    const auto key = core::value_or_throw(page_key(0xffff));  // Delete
    co_await page.call_frame(frame, "Input.dispatchKeyEvent", key_down(key, 0));
    co_await page.call_frame(frame, "Input.dispatchKeyEvent", key_up(key, 0));
}

FieldState field_state(const json::Value& answer) {
    const auto* kept = json::find(answer, "value");
    const auto* changed = json::find(answer, "changed");
    return {kept ? *kept : json::Value{}, changed && *changed == true};
}

}  // namespace

Task<FieldState> set_field(Pages& pages, Page& page, int reference, json::Value value) {
    co_await show(pages, page);
    try {
        const auto answer = co_await page.run_on(reference, "set", {{"value", value}});
        if (const auto why = json::text_or(answer.result, "error"); !why.empty())
            throw refused(reference, why);
        const auto* text = json::find(answer.result, "type");
        if (!text || !text->is_string()) co_return field_state(answer.result);
        co_await replace_selection(page, page.frame(answer.document.frame), std::string{text->get_string()});
        co_return field_state(
            (co_await page.run_on(reference, "finish", {{"value", std::move(value)}})).result);
    } catch (const core::Error& error) {
        // The field was set, and the page asks something because of it.
        if (error.reason() != "dialog_open" || !page.tab().dialog()) throw;
    }
    co_return FieldState{};
}

Task<> give_files(Page& page, int reference, std::vector<std::string> paths) {
    const auto answer = co_await page.run_on(reference, "file");
    if (const auto what = json::text_or(answer.result, "wrong"); !what.empty())
        throw core::Error{core::Code::invalid,
                          fmt::format("ref_{} ({}) is no file input", reference, one_line(what, 200)),
                          "no_file_input"};
    if (const auto what = json::text_or(answer.result, "disabled"); !what.empty())
        throw core::Error{core::Code::conflict,
                          fmt::format("ref_{} ({}) is disabled", reference, one_line(what, 200)),
                          "field_refused"};
    const auto* several = json::find(answer.result, "multiple");
    if (paths.size() > 1 && !(several && *several == true))
        throw core::Error{core::Code::invalid,
                          fmt::format("ref_{} takes one file, not {}", reference, paths.size()),
                          "field_refused"};
    // Of a label it is the input that belongs to it, which may not have had a number yet.
    const int input = static_cast<int>(json::number_or(answer.result, "ref"));
    page.references.add(input + 1, answer.document);
    const auto element = co_await page.element(input);
    co_await page.call_frame(
        element.frame, "DOM.setFileInputFiles",
        {{"files", json::Array(paths.begin(), paths.end())}, {"objectId", element.object}});
    page.release(element);
}

Task<PagePicture> take_picture(Pages& pages, Page& page, std::optional<std::array<double, 4>> region) {
    const auto view = co_await show(pages, page);
    json::Object params{{"format", "png"}, {"optimizeForSpeed", true}};
    if (region) {
        const auto [left, top, right, bottom] = *region;
        if (!(left >= 0 && top >= 0 && left < right && top < bottom && right <= view.width &&
              bottom <= view.height))
            throw core::Error{
                core::Code::invalid,
                fmt::format("a region is [x0, y0, x1, y1] with 0 ≤ x0 < x1 ≤ {:g} and 0 ≤ y0 < y1 ≤ {:g}",
                            view.width, view.height),
                "outside_viewport"};
        const double larger = std::min({view.width / (right - left), view.height / (bottom - top), 8.0});
        params["clip"] = json::Object{{"x", left + view.page_x},
                                      {"y", top + view.page_y},
                                      {"width", right - left},
                                      {"height", bottom - top},
                                      {"scale", larger / view.scale}};
    } else if (std::abs(view.scale - 1) > 0.001) {
        params["clip"] = json::Object{{"x", view.page_x},
                                      {"y", view.page_y},
                                      {"width", view.width},
                                      {"height", view.height},
                                      {"scale", 1 / view.scale}};
    }
    const auto answer =
        co_await page.call("Page.captureScreenshot", std::move(params), std::chrono::seconds{20});
    co_return PagePicture{std::string{json::text_or(answer, "data")}};
}

}  // namespace carrel::desk::page
