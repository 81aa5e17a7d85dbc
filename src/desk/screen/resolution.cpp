#include "desk/screen/resolution.hpp"

#include <fmt/format.h>
#include <xcb/randr.h>

#include <optional>
#include <vector>

namespace carrel::desk::screen {

namespace {

/// Of modes that were made here, so that they are found again.
constexpr std::string_view mode_prefix = "carrel-";
/// What a screen measures in millimetres at 96 dots an inch, which is what programs expect of one.
constexpr double millimetres_per_pixel = 25.4 / 96;

/// What RandR knows of the one output that Xvnc has.
struct Setup {
    xcb_randr_crtc_t crtc = 0;
    xcb_randr_output_t output = 0;
    xcb_timestamp_t time = 0;
    std::optional<xcb_randr_mode_t> mode;  ///< of the wished size
    std::vector<xcb_randr_mode_t> unused;  ///< made here before, of other sizes
};

std::string name_of_mode(picture::Size size) {
    return fmt::format("{}{}x{}", mode_prefix, size.width, size.height);
}

Setup judge(const xcb_randr_get_screen_resources_current_reply_t& resources, picture::Size size) {
    Setup setup;
    if (resources.num_crtcs == 0 || resources.num_outputs == 0)
        throw core::Error{core::Code::internal, "the display has no output whose size could change"};
    setup.crtc = xcb_randr_get_screen_resources_current_crtcs(&resources)[0];
    setup.output = xcb_randr_get_screen_resources_current_outputs(&resources)[0];
    setup.time = resources.config_timestamp;
    const auto* names =
        reinterpret_cast<const char*>(xcb_randr_get_screen_resources_current_names(&resources));
    auto mode = xcb_randr_get_screen_resources_current_modes_iterator(&resources);
    for (; mode.rem > 0; xcb_randr_mode_info_next(&mode)) {
        const std::string_view name{names, mode.data->name_len};
        names += mode.data->name_len;
        const picture::Size its{mode.data->width, mode.data->height};
        if (its == size)
            setup.mode = mode.data->id;
        else if (name.starts_with(mode_prefix))
            setup.unused.push_back(mode.data->id);
    }
    return setup;
}

Task<Setup> read_setup(x11::Connection& connection, picture::Size size) {
    const auto resources = co_await connection.answer<xcb_randr_get_screen_resources_current_reply_t>(
        xcb_randr_get_screen_resources_current(connection.raw(), connection.root()).sequence,
        "reading the screen's sizes");
    co_return judge(*resources, size);
}

/// A mode is a picture tube's timing: only the size means anything here.
Task<xcb_randr_mode_t> make_mode(x11::Connection& connection, const Setup& setup, picture::Size size) {
    const auto name = name_of_mode(size);
    xcb_randr_mode_info_t info{};
    info.width = info.htotal = static_cast<std::uint16_t>(size.width);
    info.height = info.vtotal = static_cast<std::uint16_t>(size.height);
    info.dot_clock = static_cast<std::uint32_t>(size.width) * static_cast<std::uint32_t>(size.height) * 60;
    info.name_len = static_cast<std::uint16_t>(name.size());
    const auto made = co_await connection.answer<xcb_randr_create_mode_reply_t>(
        xcb_randr_create_mode(connection.raw(), connection.root(), info,
                              static_cast<std::uint32_t>(name.size()), name.data())
            .sequence,
        "making a screen size");
    xcb_randr_add_output_mode(connection.raw(), setup.output, made->mode);
    co_return made->mode;
}

unsigned set_mode(x11::Connection& connection, const Setup& setup, xcb_randr_mode_t mode) {
    const std::uint32_t count = mode == XCB_NONE ? 0 : 1;
    return xcb_randr_set_crtc_config(connection.raw(), setup.crtc, XCB_CURRENT_TIME, setup.time, 0, 0, mode,
                                     XCB_RANDR_ROTATION_ROTATE_0, count, &setup.output)
        .sequence;
}

}  // namespace

Task<> change_resolution(x11::Connection& connection, picture::Size size) {
    auto* raw = connection.raw();
    const auto setup = co_await read_setup(connection, size);
    const auto mode = setup.mode ? *setup.mode : co_await make_mode(connection, setup, size);
    // An output must lie within the screen at every moment: it is switched off while the screen changes.
    // Nobody else may see that.
    xcb_grab_server(raw);
    xcb_discard_reply(raw, set_mode(connection, setup, XCB_NONE));
    const auto millimetres = [](int pixels) {
        return static_cast<std::uint32_t>(pixels * millimetres_per_pixel);
    };
    xcb_randr_set_screen_size(raw, connection.root(), static_cast<std::uint16_t>(size.width),
                              static_cast<std::uint16_t>(size.height), millimetres(size.width),
                              millimetres(size.height));
    const auto sequence = set_mode(connection, setup, mode);
    xcb_ungrab_server(raw);
    for (const auto unused : setup.unused) {
        xcb_randr_delete_output_mode(raw, setup.output, unused);
        xcb_randr_destroy_mode(raw, unused);
    }
    const auto answer =
        co_await connection.answer<xcb_randr_set_crtc_config_reply_t>(sequence, "changing the screen's size");
    if (answer->status != XCB_RANDR_SET_CONFIG_SUCCESS)
        throw core::Error{core::Code::internal,
                          fmt::format("the display does not become {}×{} pixels large (status {})",
                                      size.width, size.height, answer->status)};
}

}  // namespace carrel::desk::screen
