#include "core/text.hpp"
#include "desk/input_handlers.hpp"
#include "desk/observe.hpp"

namespace carrel::desk {

namespace {

/// Which picture the request's Accept header asks for as bytes; empty: none, so JSON.
std::string_view wanted_bytes(const net::Request& request) {
    for (const std::string_view type : {"image/png", "image/jpeg"})
        if (request.headers.has_token("Accept", type)) return type;
    return {};
}

net::Response picture_answer(const Picture& picture, bool as_bytes) {
    if (as_bytes) {
        net::Response response;
        response.headers = {{"Content-Type", std::string{picture.media_type}}, {"Cache-Control", "no-store"}};
        response.content = picture.bytes;
        return response;
    }
    const auto image = core::to_base64(picture.bytes);
    return json_answer({{"success", true},
                        {"image", image},
                        {"base64_image", image},
                        {"media_type", picture.media_type},
                        {"width", picture.size.width},
                        {"height", picture.size.height}});
}

/// The Accept header decides the format of bytes; a JSON answer has what `format` says.
template <class Wish>
Task<net::Response> shoot(Display& display, net::Request& request, Wish wish) {
    const auto bytes = wanted_bytes(request);
    if (!bytes.empty()) wish.format = bytes.substr(bytes.find('/') + 1);
    const auto desktop = co_await display.desktop();
    const auto picture = co_await desktop->screen.shoot(plan_shot(desktop->screen.size(), wish));
    co_return picture_answer(*picture, !bytes.empty());
}

Task<net::Response> get_screenshot(Display& display, net::Request& request) {
    co_return co_await shoot(display, request, decode_query(request, ops::screenshot_shape()));
}

Task<net::Response> post_screenshot(Display& display, net::Request& request) {
    auto wish = co_await decode_body(request, ops::screenshot_shape());
    co_return co_await shoot(display, request, std::move(wish));
}

Task<net::Response> region(Display& display, net::Request& request) {
    auto wish = co_await decode_body(request, ops::region_screenshot_shape());
    co_return co_await shoot(display, request, std::move(wish));
}

Task<net::Response> info(Display& display) {
    const auto desktop = co_await display.desktop();
    const auto size = desktop->screen.size();
    co_return json_answer({{"success", true},
                           {"display_width_px", size.width},
                           {"display_height_px", size.height},
                           {"display_number", 1},
                           {"actual_width_px", size.width},
                           {"actual_height_px", size.height}});
}

Task<net::Response> cursor_position(Display& display) {
    const auto desktop = co_await display.desktop();
    const auto position = co_await desktop->mouse.position();
    co_return json_answer({{"success", true}, {"x", position.x}, {"y", position.y}});
}

}  // namespace

std::vector<Binding> bind_screen(Display& display) {
    const auto part = [&](net::Request& request) { return region(display, request); };
    return {
        {"screen/screenshot", "GET", [&](net::Request& request) { return get_screenshot(display, request); }},
        {"screen/screenshot", "POST",
         [&](net::Request& request) { return post_screenshot(display, request); }},
        {"screen/screenshot/region", "POST", part},
        {"screen/zoom", "POST", part},
        {"screen/info", "GET", [&](net::Request&) { return info(display); }},
        {"screen/cursor_position", "GET", [&](net::Request&) { return cursor_position(display); }},
    };
}

}  // namespace carrel::desk
