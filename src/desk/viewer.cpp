#include "desk/viewer.hpp"

#include "desk/init/link.hpp"
#include "net/stream.hpp"
#include "ops/internal.hpp"

namespace carrel::desk {

namespace {

/// Owns both ends as long as bytes flow.
Task<> connect_both(std::unique_ptr<net::Stream> viewer, std::shared_ptr<net::Stream> screen) {
    co_await net::relay(*viewer, *screen);
}

}  // namespace

Task<net::Response> open_viewer(desktop::Display& display, net::Request& request) {
    if (!request.headers.has_token("Connection", "upgrade") ||
        !request.headers.has_token("Upgrade", ops::internal::stream_protocol))
        throw core::Error{core::Code::invalid, "the screen is given to `Upgrade: carrel-stream` only"};
    // Xvnc's socket exists as soon as the display answers.
    co_await display.desktop();
    const std::shared_ptr<net::Stream> screen = co_await net::connect_unix(init::viewer_socket());
    co_return net::upgrade_response(
        {{"Connection", "Upgrade"}, {"Upgrade", std::string{ops::internal::stream_protocol}}},
        [screen](std::unique_ptr<net::Stream> viewer) { return connect_both(std::move(viewer), screen); });
}

}  // namespace carrel::desk
