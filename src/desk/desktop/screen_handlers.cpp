#include "desk/desktop/screen_handlers.hpp"

#include <fmt/format.h>

#include "core/text.hpp"
#include "desk/picture/etag.hpp"
#include "desk/screen/resolution.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::desktop {

namespace {

using std::chrono::duration;
using std::chrono::duration_cast;

/// Larger pictures become text on the pool.
constexpr std::size_t large_picture = std::size_t{1} << 20;

/// Whether the Accept header asks for the picture's bytes, and not for JSON. It also decides the format when
/// the request names none, or one that it does not accept.
bool accept_bytes(const net::Request& request, ops::PictureOptions& wish) {
    const auto accepts = [&](std::string_view type) { return request.headers.has_token("Accept", type); };
    if (wish.format && (accepts("image/*") || accepts(fmt::format("image/{}", *wish.format)))) return true;
    for (const std::string_view name : {"png", "jpeg", "*", "webp"}) {
        if (!accepts(fmt::format("image/{}", name))) continue;
        wish.format = name == "*" ? "png" : name;
        return true;
    }
    return false;
}

std::optional<std::uint64_t> frame_of(const ops::PictureOptions& wish) {
    if (!wish.since) return std::nullopt;
    const auto frame = picture::parse_frame(*wish.since);
    if (!frame)
        throw rest::unprocessable({"since"},
                                  "this is no frame: a frame is the 16 digits that a picture came with");
    return frame;
}

std::string_view word_of(picture::Shown::Change change) {
    switch (change) {
        case picture::Shown::Change::unchanged: return "unchanged";
        case picture::Shown::Change::rectangles: return "rectangles";
        case picture::Shown::Change::whole: return "whole";
    }
    return "";
}

json::Array rectangles_of(const picture::Shown& shown) {
    json::Array rectangles;
    for (const auto& [place, bytes] : shown.parts)
        rectangles.push_back(json::Object{{"x", place.x0},
                                          {"y", place.y0},
                                          {"width", place.size().width},
                                          {"height", place.size().height},
                                          {"image", core::to_base64(bytes)}});
    return rectangles;
}

/// One picture on its way from the request to the answer.
struct Exposure {
    Display& display;
    screen::Screen::Plan plan;
    ops::PictureOptions wish;
    bool is_bytes;
    std::string condition;  ///< the If-None-Match header's value

    Task<net::Response> answer();
    net::Response answer_bytes(const picture::Shown& shown, const picture::Shot& shot) const;
    std::string to_json(const picture::Shown& shown, const picture::Shot& shot) const;
};

net::Response tagged(net::Response response, const std::string& tag) {
    response.headers.add("ETag", tag);
    response.headers.add("Cache-Control", "no-store");
    return response;
}

net::Response Exposure::answer_bytes(const picture::Shown& shown, const picture::Shot& shot) const {
    net::Response response;
    if (shown.picture) {
        response.headers.add("Content-Type", std::string{picture::media_type(shot.format)});
        response.body = shown.picture->bytes;
    } else {
        response.status = 304;
    }
    return response;
}

std::string Exposure::to_json(const picture::Shown& shown, const picture::Shot& shot) const {
    json::Object answer{{"success", true}};
    if (wish.since || wish.wait_change > 0) answer["change"] = word_of(shown.change);
    if (shown.picture) answer["image"] = answer["base64_image"] = core::to_base64(shown.picture->bytes);
    if (shown.change == picture::Shown::Change::rectangles) answer["rectangles"] = rectangles_of(shown);
    answer["media_type"] = picture::media_type(shot.format);
    answer["width"] = shown.size.width;
    answer["height"] = shown.size.height;
    answer["frame"] = picture::name_of(shown.frame);
    return json::to_text(answer);
}

Task<net::Response> Exposure::answer() {
    const auto desktop = co_await display.furnished_desktop();
    auto& screen = desktop->screen;
    auto shot = plan(screen.size());
    const auto since = frame_of(wish);
    const auto tagged_frame = picture::known_frame(condition, shot, !is_bytes);
    // Bytes can only be all of it, or nothing.
    screen::Screen::Wish known{{since ? since : tagged_frame, since && !is_bytes},
                               duration_cast<async::Duration>(duration<double>{wish.wait_change})};
    auto planned = [&](picture::Size size) { return shot = plan(size); };
    const auto shown = co_await screen.show(planned, known);
    const auto tag = picture::etag_of(shown.frame, shot, !is_bytes);
    if (is_bytes) co_return tagged(answer_bytes(shown, shot), tag);
    if (shown.change == picture::Shown::Change::unchanged && !since && tagged_frame) {
        net::Response response;
        response.status = 304;
        co_return tagged(std::move(response), tag);
    }
    const bool is_large = shown.picture && shown.picture->bytes.size() > large_picture;
    auto text = is_large ? co_await async::run_on(display.pool(),
                                                  [this, shown, shot] { return to_json(shown, shot); })
                         : to_json(shown, shot);
    co_return tagged(net::json_response(200, std::move(text)), tag);
}

template <class Wish>
Task<net::Response> shoot(Display& display, net::Request& request, Wish wish) {
    const bool is_bytes = accept_bytes(request, wish);
    // Nothing is left half done when a client that waits goes away.
    request.may_be_dropped = true;
    Exposure exposure{display, [wish](picture::Size screen) { return picture::plan_shot(screen, wish); },
                      wish, is_bytes, std::string{request.headers.find("If-None-Match").value_or("")}};
    co_return co_await exposure.answer();
}

Task<net::Response> get_screenshot(Display& display, net::Request& request) {
    co_return co_await shoot(display, request, rest::decode_query(request, ops::screenshot_shape()));
}

Task<net::Response> post_screenshot(Display& display, net::Request& request) {
    auto wish = co_await rest::decode_body(request, ops::screenshot_shape());
    co_return co_await shoot(display, request, std::move(wish));
}

Task<net::Response> region(Display& display, net::Request& request) {
    auto wish = co_await rest::decode_body(request, ops::region_screenshot_shape());
    co_return co_await shoot(display, request, std::move(wish));
}

Task<net::Response> info(Display& display) {
    const auto desktop = co_await display.desktop();
    const auto size = desktop->screen.size();
    co_return rest::json_answer({{"success", true},
                                 {"display_width_px", size.width},
                                 {"display_height_px", size.height},
                                 {"display_number", 1},
                                 {"actual_width_px", size.width},
                                 {"actual_height_px", size.height}});
}

Task<net::Response> cursor_position(Display& display) {
    const auto desktop = co_await display.desktop();
    const auto position = co_await desktop->mouse.position();
    co_return rest::json_answer({{"success", true}, {"x", position.x}, {"y", position.y}});
}

Task<net::Response> resize(Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::resize_screen_shape());
    const picture::Size size{wish.width, wish.height};
    const auto desktop = co_await display.desktop();
    co_await desktop->resize(size);
    co_return rest::json_answer(
        {{"success", true},
         {"output", fmt::format("The screen has {}×{} pixels.", size.width, size.height)},
         {"width", size.width},
         {"height", size.height}});
}

}  // namespace

std::vector<rest::Binding> bind_screen(Display& display) {
    const auto part = [&](net::Request& request) { return region(display, request); };
    return {
        {"screen/screenshot", "GET", [&](net::Request& request) { return get_screenshot(display, request); }},
        {"screen/screenshot", "POST",
         [&](net::Request& request) { return post_screenshot(display, request); }},
        {"screen/screenshot/region", "POST", part},
        {"screen/zoom", "POST", part},
        {"screen/info", "GET", [&](net::Request&) { return info(display); }},
        {"screen/cursor_position", "GET", [&](net::Request&) { return cursor_position(display); }},
        {"screen/resize", "POST", [&](net::Request& request) { return resize(display, request); }},
    };
}

}  // namespace carrel::desk::desktop
