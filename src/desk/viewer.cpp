#include "desk/viewer.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <array>
#include <chrono>

#include "async/both.hpp"
#include "desk/init/link.hpp"
#include "desk/input/viewer_keys.hpp"
#include "net/connect.hpp"
#include "net/stream.hpp"
#include "ops/internal.hpp"
#include "rfb/client_filter.hpp"

namespace carrel::desk {

namespace {

using namespace std::chrono_literals;

constexpr auto connecting_limit = 5s;
constexpr std::size_t piece_bytes = std::size_t{16} << 10;
/// How long the X server is awaited that does not read what a viewer says.
constexpr auto reading_limit = 1s;

/// The X server's RFB side for one viewer.
class Screen {
public:
    Screen(async::Executor executor, core::Fd socket)
        : number_{socket.duplicate()}, stream_{net::make_stream(std::move(executor), std::move(socket))} {}

    net::Stream& stream() { return *stream_; }
    void close() {
        stream_->close();
        number_.reset();
    }

    /// Returns when the X server has acted on `bytes`. It handles what it reads at once, before it answers
    /// the next request of any client: so when nothing is left to be read, an answer tells.
    Task<> pass_on(std::string bytes, x11::Connection& connection) {
        co_await stream_->write(bytes);
        if (connection.is_hung()) co_return;
        try {
            const auto end = std::chrono::steady_clock::now() + reading_limit;
            do {
                co_await connection.sync();
            } while (is_unread() && std::chrono::steady_clock::now() < end);
            co_await connection.sync();
        } catch (const core::Error& error) {
            // A display that hangs comes to it when it goes on.
            if (error.code() != core::Code::timeout) throw;
        }
    }

private:
    /// unix(7), SIOCOUTQ: what the other side has not read yet.
    bool is_unread() const {
        int count = 0;
        return ioctl(number_.get(), SIOCOUTQ, &count) == 0 && count > 0;
    }

    core::Fd number_;
    std::unique_ptr<net::Stream> stream_;
};

/// What a viewer says, message by message, until it leaves.
Task<> obey(net::Stream& viewer, Screen& screen, input::ViewerKeys& keys) {
    // The server lets nobody touch who only looks.
    rfb::ClientFilter messages{false};
    std::array<char, piece_bytes> buffer;
    while (const auto count = co_await viewer.read(buffer)) {
        std::string_view bytes{buffer.data(), count};
        std::string passed;
        while (true) {
            auto message = messages.next(bytes);
            if (!message) throw core::Error{std::move(message.error())};
            if (!*message) break;
            const auto key = rfb::find_key_event(**message);
            if (!key) {
                passed += **message;
                continue;
            }
            if (!passed.empty()) co_await screen.stream().write(std::exchange(passed, {}));
            co_await keys.act(std::move(**message), *key);
        }
        if (!passed.empty()) co_await screen.stream().write(passed);
    }
}

/// The same, and after it no key of the viewer is down.
Task<> obey_and_release(net::Stream& viewer, Screen& screen, desktop::Desktop& desktop) {
    input::ViewerKeys keys{desktop.keyboard, [&](std::string bytes) {
                               return screen.pass_on(std::move(bytes), desktop.connection);
                           }};
    std::exception_ptr broken;
    try {
        co_await obey(viewer, screen, keys);
    } catch (const core::Error&) {
        broken = std::current_exception();
    }
    co_await keys.leave();
    if (broken) std::rethrow_exception(broken);
    screen.stream().finish_writing();
}

/// Runs `task`; its failure ends both sides.
Task<> or_end_both(Task<> task, net::Stream& viewer, net::Stream& screen) {
    try {
        co_await std::move(task);
    } catch (const core::Error&) {
        viewer.close();
        screen.close();
    }
}

Task<> show(net::Stream& screen, net::Stream& viewer) {
    co_await net::copy(screen, viewer);
    viewer.finish_writing();
}

/// Owns both ends as long as bytes flow.
Task<> connect_both(std::unique_ptr<net::Stream> viewer, std::shared_ptr<Screen> screen,
                    std::shared_ptr<desktop::Desktop> desktop) {
    auto& display = screen->stream();
    co_await async::both(or_end_both(obey_and_release(*viewer, *screen, *desktop), *viewer, display),
                         or_end_both(show(display, *viewer), *viewer, display));
    viewer->close();
    screen->close();
}

}  // namespace

Task<net::Response> open_viewer(desktop::Display& display, net::Request& request) {
    if (!request.headers.has_token("Connection", "upgrade") ||
        !request.headers.has_token("Upgrade", ops::internal::stream_protocol))
        throw core::Error{core::Code::invalid, "the screen is given to `Upgrade: carrel-stream` only"};
    // Xvnc's socket exists as soon as the display answers.
    auto desktop = co_await display.desktop();
    const auto screen =
        std::make_shared<Screen>(co_await boost::asio::this_coro::executor,
                                 co_await net::connect_socket(init::viewer_socket(), connecting_limit));
    co_return net::upgrade_response(
        {{"Connection", "Upgrade"}, {"Upgrade", std::string{ops::internal::stream_protocol}}},
        [screen, desktop = std::move(desktop)](std::unique_ptr<net::Stream> viewer) {
            return connect_both(std::move(viewer), screen, desktop);
        });
}

}  // namespace carrel::desk
