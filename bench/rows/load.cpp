#include <algorithm>
#include <functional>
#include <vector>

#include "bench/client/samples.hpp"
#include "bench/rows/rows.hpp"

namespace carrel::bench {

namespace {

constexpr int clients = 8;

/// Calls a second, of eight clients that each call `count` times.
double rate(const Target& target, int count, const std::function<void(HttpClient&)>& call) {
    std::vector<HttpClient> connections;
    for (int i = 0; i < clients; ++i) connections.push_back(HttpClient::to_port(target.port));
    const auto time = time_of_all(clients, "a call failed under load", [&](std::size_t client) {
        for (int i = 0; i < count; ++i) call(connections[client]);
    });
    return clients * count / (time.count() / 1000);
}

}  // namespace

void measure_load(const Target& target, int count) {
    auto http = HttpClient::to_port(target.port);
    const ScopedDesk desk{http};
    const auto health = desk->at("/system/health");
    print_figure("load server",
                 rate(target, count * 2, [](auto& client) { client.must("GET", "/api/v1/health/live"); }));
    print_figure("load proxy", rate(target, count, [&](auto& client) { client.must("GET", health); }));
    const auto execute = desk->at("/terminal/execute");
    print_figure("load echo", rate(target, count, [&](auto& client) {
                     client.must("POST", execute, R"({"command":"echo hi"})");
                 }));
    const auto shot = desk->at("/screen/screenshot");
    print_figure("load unchanged", rate(target, std::max(1, count / 4),
                                        [&](auto& client) { client.must("GET", shot, {}, "image/png"); }));
}

}  // namespace carrel::bench
