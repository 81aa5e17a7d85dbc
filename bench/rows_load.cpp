#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "core/error.hpp"
#include "rows.hpp"
#include "samples.hpp"

namespace carrel::bench {

namespace {

constexpr int clients = 8;

/// Calls a second, of eight clients that each call `count` times.
double rate(const Target& target, int count, const std::function<void(HttpClient&)>& call) {
    std::vector<HttpClient> connections;
    for (int i = 0; i < clients; ++i) connections.push_back(HttpClient::to_port(target.port));
    std::atomic<bool> has_failed = false;
    const auto time = time_of([&] {
        std::vector<std::jthread> threads;
        for (auto& connection : connections)
            threads.emplace_back([&] {
                try {
                    for (int i = 0; i < count && !has_failed; ++i) call(connection);
                } catch (const std::exception&) {
                    has_failed = true;
                }
            });
    });
    if (has_failed) throw core::Error{core::Code::internal, "a call failed under load"};
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
