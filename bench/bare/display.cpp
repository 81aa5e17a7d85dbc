#include "bench/bare/display.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <xcb/xtest.h>

#include <cstdlib>

#include "core/error.hpp"
#include "core/fd.hpp"
#include "core/sys.hpp"

namespace carrel::bench {

namespace {

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};
template <class Reply>
using Owned = std::unique_ptr<Reply, Free>;

}  // namespace

Display connect_display(const std::string& path) {
    core::Fd socket{core::checked("socket", ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))};
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    core::checked("connect to " + path,
                  ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
    Display display{xcb_connect_to_fd(socket.release(), nullptr)};
    if (xcb_connection_has_error(display.get()) != 0)
        throw core::Error{core::Code::unavailable, "the display at " + path + " refuses a connection"};
    return display;
}

xcb_window_t root_of(const Display& display) {
    return xcb_setup_roots_iterator(xcb_get_setup(display.get())).data->root;
}

void synchronize(const Display& display) {
    auto* raw = display.get();
    const Owned<xcb_get_input_focus_reply_t> reply{
        xcb_get_input_focus_reply(raw, xcb_get_input_focus(raw), nullptr)};
    if (!reply) throw core::Error{core::Code::unavailable, "the display broke off"};
}

void click(const Display& display, std::int16_t x, std::int16_t y) {
    auto* raw = display.get();
    const auto root = root_of(display);
    xcb_test_fake_input(raw, XCB_MOTION_NOTIFY, 0, XCB_CURRENT_TIME, root, x, y, 0);
    xcb_test_fake_input(raw, XCB_BUTTON_PRESS, 1, XCB_CURRENT_TIME, root, 0, 0, 0);
    xcb_test_fake_input(raw, XCB_BUTTON_RELEASE, 1, XCB_CURRENT_TIME, root, 0, 0, 0);
    synchronize(display);
}

bool has_window_manager(const Display& display) {
    constexpr std::string_view name = "_NET_SUPPORTING_WM_CHECK";
    auto* raw = display.get();
    const Owned<xcb_intern_atom_reply_t> atom{xcb_intern_atom_reply(
        raw, xcb_intern_atom(raw, 0, static_cast<std::uint16_t>(name.size()), name.data()), nullptr)};
    if (!atom) throw core::Error{core::Code::unavailable, "the display broke off"};
    const Owned<xcb_get_property_reply_t> property{xcb_get_property_reply(
        raw, xcb_get_property(raw, 0, root_of(display), atom->atom, XCB_ATOM_WINDOW, 0, 1), nullptr)};
    return property && xcb_get_property_value_length(property.get()) > 0;
}

void grab(const Display& display) {
    auto* raw = display.get();
    const auto* screen = xcb_setup_roots_iterator(xcb_get_setup(raw)).data;
    const Owned<xcb_get_image_reply_t> reply{
        xcb_get_image_reply(raw,
                            xcb_get_image(raw, XCB_IMAGE_FORMAT_Z_PIXMAP, screen->root, 0, 0,
                                          screen->width_in_pixels, screen->height_in_pixels, ~0U),
                            nullptr)};
    if (!reply) throw core::Error{core::Code::unavailable, "the display gives no picture"};
}

}  // namespace carrel::bench
