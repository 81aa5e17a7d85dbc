#include <fmt/format.h>
#include <xcb/xcb.h>

#include <latch>
#include <set>
#include <thread>
#include <vector>

#include "bench/bare/display.hpp"
#include "bench/client/picture.hpp"
#include "bench/client/samples.hpp"
#include "bench/rows/rows.hpp"
#include "core/error.hpp"

namespace carrel::bench {

namespace {

using namespace std::chrono_literals;

constexpr xcb_rectangle_t painted{200, 300, 300, 200};
constexpr int clients = 8;
constexpr int clients_beside_clicks = 4;

/// Gives a part of the desk's screen another colour, over the page, about a thousand times a second; the
/// first time before it is there.
class Painter {
public:
    explicit Painter(const std::string& display) : display_{connect_display(display)} {
        thread_ = std::jthread{[this](const std::stop_token& stop) { paint(stop); }};
        has_painted_.wait();
    }

private:
    void paint(const std::stop_token& stop) {
        auto* raw = display_.get();
        const auto context = xcb_generate_id(raw);
        const std::uint32_t over_windows = XCB_SUBWINDOW_MODE_INCLUDE_INFERIORS;
        xcb_create_gc(raw, context, root_of(display_), XCB_GC_SUBWINDOW_MODE, &over_windows);
        for (std::uint32_t colour = 1; !stop.stop_requested(); colour += 7) {
            xcb_change_gc(raw, context, XCB_GC_FOREGROUND, &colour);
            xcb_poly_fill_rectangle(raw, root_of(display_), context, 1, &painted);
            synchronize(display_);
            if (colour == 1) has_painted_.count_down();
            std::this_thread::sleep_for(1ms);
        }
    }

    Display display_;
    std::latch has_painted_{1};
    std::jthread thread_;
};

using Pictures = std::vector<std::string>;

Pictures take(const Target& target, const std::string& shot, int count) {
    auto http = HttpClient::to_port(target.port);
    Pictures pictures;
    for (int i = 0; i < count; ++i) pictures.push_back(http.must("GET", shot, {}, "image/png").body);
    return pictures;
}

/// The colours that were painted. Throws when a picture shows two moments at once.
std::set<std::uint32_t> look_at(const std::vector<Pictures>& all) {
    std::set<std::uint32_t> colours;
    for (const auto& pictures : all)
        for (const auto& picture : pictures) {
            std::uint32_t colour = 0;
            if (!has_one_colour(picture, painted.x, painted.y, painted.width, painted.height, colour))
                throw core::Error{core::Code::internal, "a picture under load is of two moments"};
            colours.insert(colour);
        }
    return colours;
}

void measure_load(const Target& target, const std::string& shot, int count) {
    std::vector<Pictures> all(clients);
    const auto time = time_of_all(clients, "a screenshot failed under load",
                                  [&](std::size_t client) { all[client] = take(target, shot, count); });
    const auto seconds = time.count() / 1000;
    print_figure("load changed", clients * count / seconds);
    print_figure("changed moments", static_cast<double>(look_at(all).size()) / seconds);
}

}  // namespace

void measure_changing(const Target& target, const Desk& desk, int count) {
    const Painter painter{fmt::format("/proc/{}/root/tmp/.X11-unix/X1", first_process(target, desk))};
    const auto shot = desk.at("/screen/screenshot?cursor=false");
    measure_load(target, shot, count);

    std::vector<std::jthread> watchers;
    for (int i = 0; i < clients_beside_clicks; ++i)
        watchers.emplace_back([&](const std::stop_token& stop) {
            try {
                while (!stop.stop_requested()) take(target, shot, 1);
            } catch (const std::exception& error) {
                fmt::print(stderr, "carrel-bench: {}\n", error.what());
            }
        });
    auto http = HttpClient::to_port(target.port);
    const auto click = R"({"button":"left_click","coordinate":{"x":900,"y":650},"observe":"none"})";
    print_row("click while shooting",
              measure(count * 5, [&] { http.must("POST", desk.at("/mouse/click"), click); }));
}

}  // namespace carrel::bench
