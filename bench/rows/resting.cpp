// Desks that are stopped where they are, and those that are called now and then.
#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <string>
#include <thread>

#include "bench/client/samples.hpp"
#include "bench/rows/rows.hpp"
#include "core/error.hpp"
#include "json/parse.hpp"

namespace carrel::bench {

namespace {

using namespace std::chrono_literals;

/// Frozen as soon as nobody has used it for a second.
constexpr auto restless =
    R"({"provider":"scripted","network":"none","width":1024,"height":768,"idle_seconds":1,"on_idle":"freeze"})";

std::string state_of(HttpClient& http, const std::string& session) {
    const auto answer =
        core::value_or_throw(json::parse(http.must("GET", "/api/v1/sessions/" + session).body));
    return std::string{json::text_or(*json::find(answer, "desk"), "state")};
}

/// Of desks that nobody had called for a while: the call that wakes each.
Samples wake(HttpClient& http, int count) {
    std::vector<Desk> desks;
    for (int i = 0; i < count; ++i) {
        const auto json =
            core::value_or_throw(json::parse(http.must("POST", "/api/v1/sessions", restless).body));
        desks.push_back({.session = std::string{json::text_or(json, "id")}, .id = {}, .server_timing = {}});
    }
    Samples samples;
    for (const auto& desk : desks) {
        const auto until = Clock::now() + 60s;
        while (state_of(http, desk.session) != "frozen") {
            if (Clock::now() > until) throw core::Error{core::Code::timeout, "a desk was not frozen"};
            std::this_thread::sleep_for(20ms);
        }
        samples.push_back(time_of([&] { http.must("GET", desk.at("/system/health")); }));
    }
    for (const auto& desk : desks) remove_desk(http, desk);
    return samples;
}

/// Every session of the server.
std::vector<Desk> all_desks(HttpClient& http) {
    std::vector<Desk> desks;
    while (true) {
        const auto path = fmt::format("/api/v1/sessions?limit=100&offset={}", desks.size());
        const auto page = core::value_or_throw(json::parse(http.must("GET", path).body));
        const auto& sessions = json::find(page, "sessions")->get_array();
        for (const auto& session : sessions)
            desks.push_back(
                {.session = std::string{json::text_or(session, "id")}, .id = {}, .server_timing = {}});
        if (sessions.size() < 100) return desks;
    }
}

}  // namespace

void measure_resting(const Target& target, int count) {
    auto http = HttpClient::to_port(target.port);
    {
        const ScopedDesk desk{http};
        const auto path = "/api/v1/sessions/" + desk->session;
        Samples freezes;
        Samples thaws;
        for (int i = 0; i < count; ++i) {
            freezes.push_back(time_of([&] { http.must("POST", path + "/pause", "{}"); }));
            thaws.push_back(time_of([&] { http.must("POST", path + "/resume", "{}"); }));
        }
        print_row("pause", freezes);
        print_row("resume", thaws);
    }
    print_row("wake", wake(http, std::max(3, count / 4)));
}

void measure_random(const Target& target, int count) {
    auto http = HttpClient::to_port(target.port);
    const auto desks = all_desks(http);
    if (desks.empty()) throw core::Error{core::Code::invalid, "there are no desks to be called"};
    const auto shoot = [&](const Desk& desk) {
        http.must("GET", desk.at("/screen/screenshot"), {}, "image/png");
    };
    for (const auto& desk : desks) shoot(desk);
    std::mt19937 random{7};
    std::uniform_int_distribution<std::size_t> any{0, desks.size() - 1};
    print_row("random picture", measure(count, [&] { shoot(desks[any(random)]); }, 0));
    print_row("one picture", measure(count, [&] { shoot(desks.front()); }));
    Samples removals;
    for (const auto& desk : desks) removals.push_back(time_of([&] { remove_desk(http, desk); }));
    print_row("delete of many", removals);
}

}  // namespace carrel::bench
