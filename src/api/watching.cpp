#include "api/watching.hpp"

#include <array>
#include <utility>

#include "async/deadline.hpp"
#include "async/scope.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "net/websocket.hpp"
#include "ops/internal.hpp"
#include "rfb/client_filter.hpp"

namespace carrel::api {

namespace {

using async::Task;
using namespace std::chrono_literals;

constexpr std::uint16_t policy_violation = 1008;
constexpr std::uint16_t server_failure = 1011;
constexpr auto handshake_limit = 10s;

/// The RFB stream of a desk's display; throws Error{unavailable}.
Task<std::unique_ptr<net::Stream>> open_display(net::Handler& desk) {
    net::Request request;
    request.target = request.path = ops::internal::vnc;
    request.headers = {{"Connection", "Upgrade"}, {"Upgrade", std::string{ops::internal::stream_protocol}}};
    request.body = net::make_source({});
    request.body_length = 0;  // an unknown length would be sent as chunks, which no upgrade may have
    auto response = co_await async::deadline(handshake_limit, "reaching the display", desk.handle(request));
    auto display = response.take_connection();
    if (!display) throw core::Error{core::Code::unavailable, "the desk offers no display"};
    co_return display;
}

/// Display to viewer, until either ends; the viewer is told why then.
Task<> show(net::Stream& display, net::WebSocket& viewer) {
    std::array<char, 64 * 1024> buffer;
    std::string failure;
    try {
        while (const auto count = co_await display.read(buffer))
            co_await viewer.send_binary({buffer.data(), count});
    } catch (const core::Error& error) {
        failure = error.message();
    }
    co_await viewer.close(server_failure, failure.empty() ? "the display has ended" : "the desk broke off");
}

/// Viewer to display, until the viewer leaves or says what RFB does not know.
Task<> obey(net::WebSocket& viewer, net::Stream& display, bool view_only, std::function<bool()> is_paused) {
    rfb::ClientFilter filter{view_only};
    while (auto message = co_await viewer.receive()) {
        // What is said to a paused desk must not be done when it goes on.
        filter.set_view_only(view_only || is_paused());
        const auto passed = filter.feed(message->data);
        if (!passed) {
            core::log_info("a viewer was disconnected: {}", passed.error().message());
            co_await viewer.close(policy_violation, "not understood as RFB");
            co_return;
        }
        if (!passed->empty()) co_await display.write(*passed);
    }
}

Task<> serve(net::WebSocket& viewer, std::shared_ptr<net::Handler> desk, bool view_only,
             std::function<bool()> is_paused, [[maybe_unused]] std::shared_ptr<void> presence) {
    std::unique_ptr<net::Stream> display;
    std::string failure;
    try {
        display = co_await open_display(*desk);
    } catch (const core::Error& error) {
        failure = error.message();
    }
    if (!display) {
        core::log_warning("a viewer cannot be served: {}", failure);
        co_await viewer.close(server_failure, "the display cannot be reached");
        co_return;
    }
    async::Job shown{co_await boost::asio::this_coro::executor, "showing a desktop", show(*display, viewer)};
    std::exception_ptr broken;
    try {
        co_await obey(viewer, *display, view_only, std::move(is_paused));
    } catch (...) {
        broken = std::current_exception();
    }
    display->close();
    co_await shown.close();
    if (broken && async::is_cancellation(broken)) std::rethrow_exception(broken);
}

}  // namespace

net::Response watch_desktop(const net::Request& request, std::shared_ptr<net::Handler> desk, bool view_only,
                            std::function<bool()> is_paused, std::shared_ptr<void> presence) {
    auto watch = [desk = std::move(desk), view_only, is_paused = std::move(is_paused),
                  presence = std::move(presence)](net::WebSocket& viewer) mutable {
        return serve(viewer, desk, view_only, is_paused, std::move(presence));
    };
    return net::accept_websocket(request, {"binary"}, {}, std::move(watch));
}

}  // namespace carrel::api
