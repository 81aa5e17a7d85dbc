// What a desk notices of others that do their worst.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <thread>

#include "bench/client/samples.hpp"
#include "bench/rows/rows.hpp"
#include "core/error.hpp"
#include "json/parse.hpp"

namespace carrel::bench {

namespace {

using namespace std::chrono_literals;

struct Evil {
    std::string_view name;
    std::string_view command;  ///< as it stands in JSON
};

constexpr std::array evils{
    Evil{"fork bomb", "bomb() { bomb | bomb & }; bomb"},
    Evil{"memory bomb", "while :; do tail /dev/zero; done"},
    Evil{"disk fill", "while :; do dd if=/dev/zero of=big bs=1M; rm big; done"},
    Evil{"connection flood",
         R"(python3 -c \"import socket, itertools; l = socket.create_server(('127.0.0.1', 9999)); )"
         R"(any((socket.create_connection(('127.0.0.1', 9999)).close(), l.accept()[0].close()) is None )"
         R"(for _ in itertools.count())\")"},
    // What its programs say is read by the desk's first process, by the tool server, and shown by both.
    Evil{"log flood", "yes 'a line of a flood' >/proc/$(pgrep -x -o tint2)/fd/2 & yes 'a line of another'"},
};

/// A click, a command and a picture.
void work(HttpClient& http, const Desk& desk) {
    http.must("POST", desk.at("/mouse/click"),
              R"({"button":"left_click","coordinate":{"x":400,"y":300},"observe":"none"})");
    http.must("POST", desk.at("/terminal/execute"), R"({"command":"echo hi"})");
    http.must("GET", desk.at("/screen/screenshot"), {}, "image/png");
}

Desk make_evil(HttpClient& http, const Evil& evil) {
    const auto answer =
        http.must("POST", "/api/v1/sessions",
                  fmt::format(R"({{"provider":"scripted","network":"none","command":"{}"}})", evil.command));
    return {.session = std::string{json::text_or(core::value_or_throw(json::parse(answer.body)), "id")},
            .id = {},
            .server_timing = {}};
}

double processor_seconds(HttpClient& http, const Desk& desk) {
    const auto answer = core::value_or_throw(
        json::parse(http.must("GET", "/api/v1/sessions/" + desk.session + "/usage").body));
    return json::find(*json::find(answer, "desk"), "processor_seconds")->to_number<double>();
}

/// Until it has computed for half a second: only then is it at its worst.
void await_worst(HttpClient& http, const Desk& other) {
    const auto until = Clock::now() + 60s;
    while (processor_seconds(http, other) < 0.5) {
        if (Clock::now() > until) throw core::Error{core::Code::timeout, "a bad neighbour does nothing"};
        std::this_thread::sleep_for(20ms);
    }
}

}  // namespace

void measure_neighbours(const Target& target, int count) {
    auto http = HttpClient::to_port(target.port);
    const ScopedDesk desk{http};
    const auto one = [&] { work(http, *desk); };
    Samples alone;
    for (const auto& evil : evils) {
        // In turn, so that all meet the same machine.
        std::ranges::copy(measure(std::max(1, count / static_cast<int>(evils.size())), one),
                          std::back_inserter(alone));
        const auto other = make_evil(http, evil);
        await_worst(http, other);
        print_row(fmt::format("beside a {}", evil.name), measure(count, one));
        remove_desk(http, other);
    }
    print_row("neighbour alone", alone);
}

}  // namespace carrel::bench
