#include <fmt/format.h>

#include "bench/bare/display.hpp"
#include "bench/client/samples.hpp"
#include "bench/rows/rows.hpp"
#include "json/parse.hpp"

namespace carrel::bench {

void measure_input(const Target& target, int count) {
    auto http = HttpClient::to_port(target.port);
    const ScopedDesk desk{http};
    const auto click_at = desk->at("/mouse/click");
    // Two places in turn: a pointer that moves.
    int turn = 0;
    print_row(
        "click", measure(count, [&] {
            http.must(
                "POST", click_at,
                fmt::format(R"({{"button":"left_click","coordinate":{{"x":{},"y":300}},"observe":"none"}})",
                            400 + (++turn % 2)));
        }));
    {
        const auto display =
            connect_display(fmt::format("/proc/{}/root/tmp/.X11-unix/X1", first_process(target, *desk)));
        print_row("click floor", measure(count, [&] {
                      click(display, static_cast<std::int16_t>(400 + (++turn % 2)), 300);
                  }));
    }
    const std::string fifty = "The quick brown fox jumps over 13 lazy dogs: (yes)";
    const auto typing = json::to_text(json::Object{{"text", fifty}, {"observe", "none"}});
    print_row("type 50", measure(count / 4, [&] { http.must("POST", desk->at("/keyboard/type"), typing); }));
}

}  // namespace carrel::bench
