#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <functional>
#include <memory>

#include "bench/client/samples.hpp"
#include "bench/client/web_socket.hpp"
#include "bench/rows/rows.hpp"
#include "core/error.hpp"
#include "core/sys.hpp"

namespace carrel::bench {

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

/// Bytes to and from a display, whatever the way.
struct Way {
    std::function<std::string_view()> receive;
    std::function<void(std::string_view)> send;
    std::function<bool(std::chrono::milliseconds)> has_more;
};

/// A viewer that asks for raw pixels (RFC 6143).
class Viewer {
public:
    explicit Viewer(Way way) : way_{std::move(way)} {
        way_.send(read(12));
        read(number(1));
        way_.send("\1"sv);
        if (number(4) != 0) throw core::Error{core::Code::internal, "the display refuses a viewer"};
        way_.send("\1"sv);
        size_ = read(4);
        read(16);
        read(number(4));
        way_.send("\2\0\0\1\0\0\0\0"sv);
        ask(false);
        read_update();
        ask(true);
        rest();
    }

    /// A key down and up, until pixels change.
    Milliseconds press(std::uint32_t keysym) {
        const auto taken = time_of([&] {
            for (const char is_down : "\1\0"sv) {
                std::string message{4, is_down, 0, 0};
                for (int shift = 24; shift >= 0; shift -= 8) message += static_cast<char>(keysym >> shift);
                way_.send(message);
            }
            read_update();
        });
        ask(true);
        rest();
        return taken;
    }

private:
    void ask(bool is_incremental) {
        way_.send(std::string{3, static_cast<char>(is_incremental), 0, 0, 0, 0} + size_);
    }
    /// Until nothing has changed for a while: what comes next is an answer to what is done next.
    void rest() {
        while (begin_ < buffer_.size() || way_.has_more(60ms)) {
            read_update();
            ask(true);
        }
    }
    void read_update() {
        while (number(1) != 0) read(number_after(3, 4));  // a clipboard
        read(1);
        for (auto left = number(2); left > 0; --left) {
            read(4);
            const auto width = number(2);
            const auto height = number(2);
            read(4);
            read(std::size_t{width} * height * 4);
        }
    }
    std::uint32_t number_after(std::size_t skipped, std::size_t width) {
        read(skipped);
        return number(width);
    }
    std::uint32_t number(std::size_t width) {
        std::uint32_t value = 0;
        for (const char byte : read(width)) value = value << 8 | static_cast<unsigned char>(byte);
        return value;
    }
    std::string read(std::size_t count) {
        while (buffer_.size() - begin_ < count) {
            buffer_.erase(0, begin_);
            begin_ = 0;
            const auto piece = way_.receive();
            if (piece.empty()) throw core::Error{core::Code::unavailable, "the display closed the live view"};
            buffer_ += piece;
        }
        begin_ += count;
        return buffer_.substr(begin_ - count, count);
    }

    Way way_;
    std::string buffer_;
    std::size_t begin_ = 0;
    std::string size_;
};

Way through_server(const Target& target, const Desk& desk) {
    const auto socket =
        std::make_shared<WebSocketClient>(target.port, fmt::format("/api/v1/sessions/{}/vnc", desk.session));
    return {[socket] { return socket->receive(); }, [socket](std::string_view bytes) { socket->send(bytes); },
            [socket](std::chrono::milliseconds limit) { return socket->has_more(limit); }};
}

/// The display's own socket, as the host's root reaches it.
Way direct(const Target& target, const Desk& desk) {
    const auto path = fmt::format("/proc/{}/root/run/user/1000/rfb", first_process(target, desk));
    const auto socket =
        std::make_shared<core::Fd>(core::checked("socket", ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    core::checked("connect to " + path,
                  ::connect(socket->get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
    const auto buffer = std::make_shared<std::string>(std::size_t{256} << 10, '\0');
    const auto receive = [socket, buffer]() -> std::string_view {
        const auto count = core::checked("receive", ::recv(socket->get(), buffer->data(), buffer->size(), 0));
        return std::string_view{*buffer}.substr(0, static_cast<std::size_t>(count));
    };
    const auto has_more = [socket](std::chrono::milliseconds limit) {
        pollfd waiting{socket->get(), POLLIN, 0};
        return ::poll(&waiting, 1, static_cast<int>(limit.count())) == 1;
    };
    return {receive, [socket](std::string_view bytes) { core::write_all(socket->get(), bytes); }, has_more};
}

void open_terminal(HttpClient& http, const Desk& desk) {
    http.must(
        "POST", desk.at("/terminal/execute"),
        R"({"command":"xterm -title keys -e sh -c 'stty -icanon; exec cat > /dev/null' > /dev/null 2>&1 &"})");
    const auto end = Clock::now() + 30s;
    while (!http.must("GET", desk.at("/browser/active_window")).body.contains("keys"))
        if (Clock::now() > end) throw core::Error{core::Code::timeout, "no terminal within 30 s"};
}

}  // namespace

void measure_viewer(const Target& target, int count) {
    auto http = HttpClient::to_port(target.port);
    const ScopedDesk desk{http};
    open_terminal(http, *desk);
    const auto keys = [&](Way way) {
        Viewer viewer{std::move(way)};
        Samples samples;
        viewer.press('x');
        for (int i = 0; i < count; ++i)
            samples.push_back(viewer.press('a' + static_cast<std::uint32_t>(i % 26)));
        return samples;
    };
    print_row("viewer key", keys(through_server(target, *desk)));
    print_row("viewer key floor", keys(direct(target, *desk)));
}

}  // namespace carrel::bench
