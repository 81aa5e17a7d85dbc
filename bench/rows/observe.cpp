// How long after a change has settled the answer comes: a click on a window that paints at a known time.
#include <fmt/format.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "bench/bare/display.hpp"
#include "bench/client/samples.hpp"
#include "bench/rows/rows.hpp"
#include "json/parse.hpp"

namespace carrel::bench {

namespace {

using namespace std::chrono_literals;

constexpr auto painting_delay = 30ms;
constexpr auto quiet = 40ms;
constexpr std::int16_t place = 300;
constexpr std::uint16_t side = 200;

/// A window that takes another colour 30 ms after each press of a button, and says when it did.
class Painter {
public:
    explicit Painter(Display display) : display_{std::move(display)} {
        auto* raw = display_.get();
        window_ = xcb_generate_id(raw);
        const std::uint32_t values[]{0, 1, XCB_EVENT_MASK_BUTTON_PRESS};
        xcb_create_window(raw, XCB_COPY_FROM_PARENT, window_, root_of(display_), place, place, side, side, 0,
                          XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
                          XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, values);
        xcb_map_window(raw, window_);
        synchronize(display_);
        thread_ = std::thread{[this] { run(); }};
    }
    ~Painter() {
        // Its waiting ends with the connection.
        ::shutdown(xcb_get_file_descriptor(display_.get()), SHUT_RDWR);
        thread_.join();
    }
    Painter(const Painter&) = delete;
    Painter& operator=(const Painter&) = delete;

    Clock::time_point painted() const { return painted_.load(); }

private:
    void run() {
        auto* raw = display_.get();
        std::uint32_t colour = 0;
        while (auto* event = xcb_wait_for_event(raw)) {
            const bool is_press = (event->response_type & 0x7f) == XCB_BUTTON_PRESS;
            std::free(event);
            if (!is_press) continue;
            std::this_thread::sleep_for(painting_delay);
            colour ^= 0xffffff;
            xcb_change_window_attributes(raw, window_, XCB_CW_BACK_PIXEL, &colour);
            xcb_clear_area(raw, 0, window_, 0, 0, 0, 0);
            painted_ = Clock::now();
            xcb_flush(raw);
        }
    }

    Display display_;
    xcb_window_t window_ = 0;
    std::atomic<Clock::time_point> painted_{Clock::time_point{}};
    std::thread thread_;
};

/// Time of the answer, less the painting and the quiet that was waited for.
Samples click_and_settle(HttpClient& http, const Desk& desk, const Painter& painter, bool with_picture,
                         int count) {
    const auto body = json::to_text(
        json::Object{{"button", "left_click"},
                     {"coordinate", json::Object{{"x", place + side / 2}, {"y", place + side / 2}}},
                     {"quiet_ms", quiet.count()},
                     {"screenshot", with_picture}});
    constexpr int warm_up = 5;
    Samples samples;
    for (int i = 0; i < count + warm_up; ++i) {
        const auto before = painter.painted();
        const auto answer = http.must("POST", desk.at("/mouse/click"), body);
        const auto now = Clock::now();
        if (painter.painted() == before || !answer.body.contains(R"("observed":"settled")"))
            throw core::Error{core::Code::internal, "a click was answered before the window had painted"};
        if (i >= warm_up) samples.push_back(now - painter.painted() - quiet);
    }
    return samples;
}

}  // namespace

void measure_observe(const Target& target, int count) {
    auto http = HttpClient::to_port(target.port);
    const ScopedDesk desk{http};
    const Painter painter{
        connect_display(fmt::format("/proc/{}/root/tmp/.X11-unix/X1", first_process(target, *desk)))};
    print_row("settled", click_and_settle(http, *desk, painter, true, count));
    print_row("settled alone", click_and_settle(http, *desk, painter, false, count));
}

}  // namespace carrel::bench
