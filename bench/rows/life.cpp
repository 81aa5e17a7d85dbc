#include <fmt/format.h>
#include <algorithm>
#include <mutex>
#include <thread>

#include "bench/bare/desktop.hpp"
#include "bench/client/samples.hpp"
#include "bench/rows/rows.hpp"
#include "core/text.hpp"

namespace carrel::bench {

namespace {

/// "commit;dur=3.58, start;dur=8.60": adds each time to the samples of its name.
void note_steps(std::string_view server_timing, std::vector<std::pair<std::string, Samples>>& steps) {
    for (const auto part : core::split(server_timing, ',')) {
        const auto text = core::trim(part);
        const std::string name{text.substr(0, text.find(';'))};
        const auto equals = text.find('=');
        if (equals == text.npos) continue;
        auto found = std::ranges::find(steps, name, &std::pair<std::string, Samples>::first);
        if (found == steps.end()) found = steps.insert(steps.end(), {name, {}});
        found->second.emplace_back(std::stod(std::string{text.substr(equals + 1)}));
    }
}

void wait_until_all_ended(const std::vector<core::Fd>& processes) {
    while (!std::ranges::all_of(processes, has_ended)) std::this_thread::yield();
}

/// One desk from request to picture to its end.
struct Life {
    Samples to_picture, to_ready, answered, dead;
    std::vector<std::pair<std::string, Samples>> steps;
    int processes = 0;
    int alive_at_answer = 0;
};

void live_once(const Target& target, HttpClient& http, Life& life) {
    const auto began = Clock::now();
    const auto desk = make_desk(http);
    life.to_ready.push_back(Clock::now() - began);
    first_picture(http, desk);
    life.to_picture.push_back(Clock::now() - began);
    note_steps(desk.server_timing, life.steps);

    const auto processes = hold_processes(target, desk);
    const auto ends = Clock::now();
    remove_desk(http, desk);
    life.answered.push_back(Clock::now() - ends);
    const auto alive = std::ranges::count_if(processes, [](const auto& each) { return !has_ended(each); });
    wait_until_all_ended(processes);
    life.dead.push_back(Clock::now() - ends);
    life.processes += static_cast<int>(processes.size());
    life.alive_at_answer += static_cast<int>(alive);
}

/// The time until the last of four desks, asked for at once, has shown its picture.
Milliseconds make_four(const Target& target) {
    constexpr std::size_t many = 4;
    std::vector<HttpClient> clients;
    for (std::size_t i = 0; i < many; ++i) clients.push_back(HttpClient::to_port(target.port));
    std::vector<Desk> desks(many);
    const auto time = time_of_all(many, "a desk could not be made beside others", [&](std::size_t i) {
        desks[i] = make_desk(clients[i]);
        first_picture(clients[i], desks[i]);
    });
    for (std::size_t i = 0; i < many; ++i) remove_desk(clients[i], desks[i]);
    return time;
}

}  // namespace

void measure_life(const Target& target, const std::string& image_root, int count) {
    auto http = HttpClient::to_port(target.port);
    Life warm_up;
    for (int i = 0; i < 3; ++i) {
        live_once(target, http, warm_up);
        live_by_hand(image_root);
    }
    Life life;
    Samples bare_starts;
    Samples bare_ends;
    for (int i = 0; i < count; ++i) {
        live_once(target, http, life);
        const auto bare = live_by_hand(image_root);
        bare_starts.push_back(bare.start);
        bare_ends.push_back(bare.end);
    }
    print_row("desk floor", bare_starts);
    print_row("delete floor", bare_ends);
    print_row("desk to picture", life.to_picture);
    print_row("desk to ready", life.to_ready);
    for (const auto& [name, samples] : life.steps) print_row("desk step " + name, samples);
    print_row("delete answered", life.answered);
    print_row("delete dead", life.dead);
    print_figure("delete processes", life.processes);
    print_figure("delete alive at answer", life.alive_at_answer);
    Samples four;
    for (int i = 0; i < std::max(3, count / 4); ++i) four.push_back(make_four(target));
    print_row("four desks", four);
}

void measure_cold_rate(const Target& target, int count) {
    constexpr int clients = 4;
    std::vector<HttpClient> connections;
    for (int i = 0; i < clients; ++i) connections.push_back(HttpClient::to_port(target.port));
    Samples ready;
    std::mutex guard;
    std::vector<std::vector<Desk>> desks(clients);
    const auto time = time_of_all(clients, "a desk could not be made beside others", [&](std::size_t i) {
        for (int each = 0; each < count; ++each) {
            const auto took = time_of([&] { desks[i].push_back(make_desk(connections[i])); });
            const std::scoped_lock lock{guard};
            ready.push_back(took);
        }
    });
    for (std::size_t i = 0; i < desks.size(); ++i)
        for (const auto& desk : desks[i]) remove_desk(connections[i], desk);
    print_row("cold beside others", ready);
    print_figure("cold rate", clients * count / (time.count() / 1000));
}

}  // namespace carrel::bench
