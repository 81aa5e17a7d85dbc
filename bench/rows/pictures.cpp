#include <fmt/format.h>

#include "bench/client/picture.hpp"
#include "bench/client/samples.hpp"
#include "bench/rows/rows.hpp"
#include "core/error.hpp"
#include "core/sys.hpp"
#include "json/parse.hpp"

namespace carrel::bench {

namespace {

using namespace std::chrono_literals;

constexpr auto page_in_desk = "/home/agent/reference.html";
/// The page's title, which the browser's window shows.
constexpr auto title = "Reference page";

json::Object observing_quiet() {
    return {{"observe", "settled"},
            {"first_change_ms", 2000},
            {"quiet_ms", 120},
            {"limit_ms", 5000},
            {"screenshot", false}};
}

/// Waits until the desk's screen has been quiet.
void await_quiet(HttpClient& http, const Desk& desk) {
    auto body = observing_quiet();
    body["coordinate"] = json::Object{{"x", 500}, {"y", 500}};
    body["first_change_ms"] = 500;
    http.must("POST", desk.at("/mouse/move"), json::to_text(body));
}

/// Opens the page in the desk's browser and waits until it is shown.
void show_page(HttpClient& http, const Desk& desk, const std::string& page) {
    http.must("POST", desk.at("/file/write"),
              json::to_text(json::Object{{"path", page_in_desk}, {"file_text", core::read_file(page)}}));
    http.must(
        "POST", desk.at("/browser/open_url"),
        json::to_text(json::Object{{"url", std::string{"file://"} + page_in_desk}, {"new_window", true}}));
    const auto end = Clock::now() + 60s;
    while (!http.must("GET", desk.at("/browser/active_window")).body.contains(title)) {
        if (Clock::now() > end) throw core::Error{core::Code::timeout, "the page did not appear within 60 s"};
        await_quiet(http, desk);
    }
    await_quiet(http, desk);
}

/// The page changes at every click, by as much as a click on a real page changes.
void change_page(HttpClient& http, const Desk& desk) {
    auto body = observing_quiet();
    body["button"] = "left_click";
    body["coordinate"] = json::Object{{"x", 500}, {"y", 500}};
    http.must("POST", desk.at("/mouse/click"), json::to_text(body));
}

struct Changed {
    Samples taken;
    Samples compressed;  ///< the same pictures, by libdeflate alone
    std::size_t bytes = 0;
};

/// Each picture taken right after a change, and checked to be another one than the last.
Changed take_changed(HttpClient& http, const Desk& desk, std::string_view type, int count) {
    constexpr int warm_up = 3;
    const auto target = desk.at("/screen/screenshot");
    Compressor compressor;
    Changed changed;
    std::string last;
    for (int i = 0; i < count + warm_up; ++i) {
        change_page(http, desk);
        std::string now;
        const auto took = time_of([&] { now = http.must("GET", target, {}, type).body; });
        if (now == last) throw core::Error{core::Code::internal, "the page did not change"};
        last = std::move(now);
        if (i < warm_up) continue;
        changed.taken.push_back(took);
        if (type != "image/png") continue;
        const auto rows = rows_of(last);
        changed.compressed.push_back(time_of([&] { compressor.compress(rows); }));
    }
    changed.bytes = last.size();
    return changed;
}

}  // namespace

void measure_pictures(const Target& target, const std::string& page, int count) {
    auto http = HttpClient::to_port(target.port);
    const ScopedDesk desk{http};
    show_page(http, *desk, page);
    const auto png = take_changed(http, *desk, "image/png", count);
    print_row("png", png.taken);
    print_row("png floor", png.compressed);
    print_figure("png bytes", static_cast<double>(png.bytes));
    const auto jpeg = take_changed(http, *desk, "image/jpeg", count);
    print_row("jpeg", jpeg.taken);
    print_figure("jpeg bytes", static_cast<double>(jpeg.bytes));
    const auto shot = desk->at("/screen/screenshot");
    print_row("unchanged", measure(count * 4, [&] { http.must("GET", shot, {}, "image/png"); }));
    measure_changing(target, *desk, count);
}

}  // namespace carrel::bench
