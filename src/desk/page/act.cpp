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

/// To which an element can be scrolled: reach() of the script has as many.
constexpr int number_of_ends = 3;

/// How long a frame is asked for a list that is open in it.
constexpr auto list_time = std::chrono::seconds{1};

struct FrameSize {
    double width = 0;
    double height = 0;
};

FrameSize size_in(const json::Value& answer) {
    const auto* size = json::find(answer, "size");
    return size ? FrameSize{number_at(*size, 0), number_at(*size, 1)} : FrameSize{};
}

core::Error without_place() {
    return {core::Code::conflict, "the frame has no place on the page", "not_visible"};
}

/// The inside of a frame as it is drawn, in the pixels of the outermost frame of `owner`'s process.
Task<Quad> inside_of(Page& page, PageFrame owner, std::string frame_id) {
    const auto element = co_await page.call_frame(owner, "DOM.getFrameOwner", {{"frameId", frame_id}});
    const auto box = co_await page.call_frame(
        owner, "DOM.getBoxModel",
        {{"backendNodeId", static_cast<std::int64_t>(json::number_or(element, "backendNodeId"))}});
    const auto* model = json::find(box, "model");
    const auto* content = model ? json::find(*model, "content") : nullptr;
    if (!content) throw without_place();
    Quad quad;
    for (std::size_t corner = 0; corner < quad.size(); ++corner)
        quad[corner] = {number_at(*content, 2 * corner), number_at(*content, 2 * corner + 1)};
    co_return quad;
}

struct Place {
    PagePoint point;    ///< of the viewport
    std::string cover;  ///< what of a page around the frame is over it there
};

/// From a frame's own pixels to those of the viewport. `size` is the frame's, in its own pixels.
Task<Place> to_viewport(Page& page, PageFrame frame, PagePoint point, FrameSize size) {
    while (frame.id != page.id()) {
        const auto owner = page.owner_of(frame);
        Quad inside;
        try {
            inside = co_await inside_of(page, owner, frame.id);
        } catch (const core::Error& error) {
            if (error.reason() != "cdp_refused" && error.reason() != "frame_gone") throw;
            throw core::Error{core::Code::not_found, "the frame is no longer on the page", "stale_reference"};
        }
        if (!(size.width > 0 && size.height > 0)) throw without_place();
        const auto drawn = map_to_quad(inside, point.x / size.width, point.y / size.height);
        if (!drawn) throw without_place();
        point = *drawn;
        frame = owner;
        const auto met = (co_await page.run(frame, "frameAt", {{"x", point.x}, {"y", point.y}})).result;
        if (json::find(met, "outside")) co_return Place{point, "the frame's edge"};
        if (const auto what = json::text_or(met, "covered"); !what.empty())
            co_return Place{point, std::string{what}};
        if (frame.id != page.id()) size = size_in((co_await page.run(frame, "view", {})).result);
    }
    co_return Place{point, {}};
}

core::Error not_visible(int reference, std::string_view element) {
    return {core::Code::conflict,
            fmt::format("ref_{} ({}) is not visible", reference, one_line(element, 200)), "not_visible"};
}

core::Error covered(int reference, std::string_view element, std::string_view by) {
    return {core::Code::conflict,
            fmt::format("ref_{} ({}) is covered by {}", reference, one_line(element, 200), one_line(by, 200)),
            "covered"};
}

/// The browser finds out by what was drawn last in which process's frame a click lands.
Task<> wait_until_painted(Page& page, PageFrame frame) {
    if (frame.session.empty()) co_return;
    for (; frame.id != page.id(); frame = page.owner_of(frame)) co_await page.run(frame, "painted", {});
    for (int times = 0; times < 2; ++times) co_await page.run(page.main_frame(), "painted", {});
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
                       hidden && *hidden == true,
                       json::flag_of(answer.result, "list")};
}

Task<Viewport> show(Pages& pages, Page& page) {
    const auto viewport = co_await viewport_of(page);
    if (!viewport.is_hidden) co_return viewport;
    co_await pages.tabs().activate(page.id());
    co_return co_await viewport_of(page);
}

namespace {

core::Error list_was_open(const json::Value& closed) {
    return {core::Code::conflict,
            fmt::format("a list is open over the page, that of ref_{} ({}): choose with form_input; {}",
                        static_cast<int>(json::number_or(closed, "n")),
                        one_line(json::text_or(closed, "element"), 200),
                        json::flag_of(closed, "isLeft") ? "Escape closes it" : "it is closed now"),
            "list_open"};
}

/// Throws when one was open, here or in the frame within that has the focus, and so on.
Task<> close_list(Page& page) {
    constexpr int most_frames_within = 8;
    auto frame = page.main_frame();
    for (int depth = 0; depth < most_frames_within && !frame.id.empty(); ++depth) {
        const auto answer =
            co_await page.run(frame, "closeList", {{"next", page.references.next()}}, list_time);
        const auto number_of = [&](std::string_view name) {
            return static_cast<int>(json::number_or(answer.result, name));
        };
        page.references.add(std::max(number_of("n"), number_of("frame")) + 1, answer.document);
        if (number_of("n") > 0) throw list_was_open(answer.result);
        if (number_of("frame") == 0) co_return;
        frame = co_await page.frame_shown_by(number_of("frame"), list_time);
    }
}

Task<> refuse_open_list(Page& page) {
    try {
        co_await close_list(page);
    } catch (const core::Error& error) {
        // A frame that is busy or gone shows no list that could be chosen from.
        if (error.reason() == "list_open") throw;
    }
}

}  // namespace

Task<PagePoint> locate(Pages& pages, Page& page, PageTarget target) {
    const auto viewport = co_await show(pages, page);
    if (!target.reference) {
        const auto [x, y] = target.point;
        if (!(x >= 0 && y >= 0 && x < viewport.width && y < viewport.height))
            throw core::Error{core::Code::invalid,
                              fmt::format("({:g}, {:g}) is outside the viewport of {:g}×{:g} pixels", x, y,
                                          viewport.width, viewport.height),
                              "outside_viewport"};
        if (viewport.may_have_list && !target.is_release) co_await refuse_open_list(page);
        co_return target.point;
    }
    // What is stuck over an edge of the page around a frame is known only here: another edge is tried then.
    std::optional<core::Error> refusal;
    for (int from = -1; from < number_of_ends;) {
        const auto answer = co_await page.run_on(*target.reference, "point", {{"from", from}});
        const auto& found = answer.result;
        if (const auto what = json::text_or(found, "hidden"); !what.empty())
            throw refusal.value_or(not_visible(*target.reference, what));
        const auto element = json::text_or(found, "element");
        if (const auto what = json::text_or(found, "covered"); !what.empty())
            throw refusal.value_or(covered(*target.reference, element, what));
        const auto frame = page.frame(answer.document.frame);
        co_await wait_until_painted(page, frame);
        const auto place = co_await to_viewport(
            page, frame, {json::number_or(found, "x"), json::number_or(found, "y")}, size_in(found));
        if (place.cover.empty()) co_return place.point;
        if (!refusal) refusal = covered(*target.reference, element, place.cover);
        from = std::max(from + 1, static_cast<int>(json::number_or(found, "next")));
    }
    throw std::move(*refusal);
}

Task<std::string> scroll_to(Pages& pages, Page& page, int reference) {
    co_await show(pages, page);
    const auto answer = co_await page.run_on(reference, "scroll");
    const auto element = json::text_or(answer.result, "element");
    if (json::find(answer.result, "hidden")) throw not_visible(reference, element);
    co_return one_line(json::text_or(answer.result, "covered"), 200);
}

namespace {

core::Error refused(int reference, std::string_view why) {
    return {core::Code::invalid, fmt::format("ref_{}: {}", reference, one_line(why, 1'500)), "field_refused"};
}

core::Error focus_moved(int reference) {
    return {
        core::Code::conflict,
        fmt::format("the focus moved away from ref_{} while it was typed into: it was not set, and a frame "
                    "of the page that has the focus now may have got the text; look, and try again",
                    reference),
        "focus_moved"};
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
        const auto finished = co_await page.run_on(reference, "finish", {{"value", std::move(value)}});
        if (json::flag_of(finished.result, "moved")) throw focus_moved(reference);
        co_return field_state(finished.result);
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

namespace {

/// A part of the viewport, `larger` times as large as in CSS pixels. The browser counts in pixels of the
/// screen what it is to show, and so all but the zoom factor goes by how far the page is zoomed.
json::Object clip_of(const Viewport& view, std::array<double, 4> region, double larger) {
    const auto [left, top, right, bottom] = region;
    return {{"x", (view.page_x + left) * view.scale},
            {"y", (view.page_y + top) * view.scale},
            {"width", (right - left) * view.scale},
            {"height", (bottom - top) * view.scale},
            {"scale", larger / view.scale}};
}

/// As large as the viewport is on the screen, within eight times.
json::Object clip_of_region(const Viewport& view, std::array<double, 4> region) {
    constexpr double most = 8;
    const auto [left, top, right, bottom] = region;
    if (!(left >= 0 && top >= 0 && left < right && top < bottom && right <= view.width &&
          bottom <= view.height))
        throw core::Error{
            core::Code::invalid,
            fmt::format("a region is [x0, y0, x1, y1] with 0 ≤ x0 < x1 ≤ {:g} and 0 ≤ y0 < y1 ≤ {:g}",
                        view.width, view.height),
            "outside_viewport"};
    const double across = view.width * view.scale / (right - left);
    const double down = view.height * view.scale / (bottom - top);
    return clip_of(view, region, std::min({across, down, most}));
}

}  // namespace

Task<PagePicture> take_picture(Pages& pages, Page& page, std::optional<std::array<double, 4>> region) {
    const auto view = co_await show(pages, page);
    json::Object params{{"format", "png"}, {"optimizeForSpeed", true}};
    if (region)
        params["clip"] = clip_of_region(view, *region);
    else if (std::abs(view.scale - 1) > 0.001)
        params["clip"] = clip_of(view, {0, 0, view.width, view.height}, 1);
    const auto answer =
        co_await page.call("Page.captureScreenshot", std::move(params), std::chrono::seconds{20});
    co_return PagePicture{std::string{json::text_or(answer, "data")}};
}

}  // namespace carrel::desk::page
