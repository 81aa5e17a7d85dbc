// Sessions whose desks were made ahead. The server keeps as many as bench/run.py says.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "bench/client/samples.hpp"
#include "bench/rows/rows.hpp"
#include "core/error.hpp"
#include "core/sys.hpp"
#include "json/parse.hpp"

namespace carrel::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t whole_pool = 12;
constexpr std::size_t small_pool = 3;
constexpr std::size_t burst = 6;

/// Until so many desks are ready and nothing is being made or ended, which would be measured along.
void wait_for_pool(HttpClient& http, std::size_t size) {
    const auto until = Clock::now() + 60s;
    while (Clock::now() < until) {
        const auto answer = http.must("GET", "/api/v1/pools").body;
        if (answer.contains(fmt::format("\"ready\":{},", size)) && answer.contains("\"making\":0")) return;
        std::this_thread::sleep_for(10ms);
    }
    throw core::Error{core::Code::timeout, "the pool was not filled within a minute"};
}

/// The time until the last of `many` sessions, asked for at once, has its desk.
Milliseconds take_at_once(const Target& target, std::size_t many) {
    std::vector<HttpClient> clients;
    for (std::size_t i = 0; i < many; ++i) clients.push_back(HttpClient::to_port(target.port));
    std::vector<Desk> desks(many);
    const auto time = time_of_all(static_cast<int>(many), "a session could not be made beside others",
                                  [&](std::size_t i) { desks[i] = make_desk(clients[i]); });
    for (std::size_t i = 0; i < many; ++i) remove_desk(clients[i], desks[i]);
    return time;
}

Samples take_all(const Target& target, std::size_t pool, std::size_t many, int count) {
    auto http = HttpClient::to_port(target.port);
    Samples samples;
    for (int i = 0; i < count; ++i) {
        wait_for_pool(http, pool);
        samples.push_back(take_at_once(target, many));
    }
    return samples;
}

/// What a session's row costs at the least: so many bytes at the end of a file, on the disk.
Milliseconds sync_once(const core::Fd& file) {
    const std::string page(4120, 'x');
    return time_of([&] {
        core::checked("write", ::write(file.get(), page.data(), page.size()));
        core::checked("fdatasync", ::fdatasync(file.get()));
    });
}

}  // namespace

void measure_pool(const Target& target, int count) {
    auto http = HttpClient::to_port(target.port);
    const auto path = target.data + "/bench-sync";
    const auto file = core::open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    Samples takes;
    Samples pictures;
    Samples syncs;
    for (int i = 0; i < count + 2; ++i) {
        wait_for_pool(http, whole_pool);
        Desk desk;
        const auto take = time_of([&] { desk = make_desk(http); });
        const auto picture = time_of([&] { first_picture(http, desk); });
        remove_desk(http, desk);
        const auto sync = sync_once(file);
        if (i < 2) continue;
        takes.push_back(take);
        pictures.push_back(picture);
        syncs.push_back(sync);
    }
    ::unlink(path.c_str());
    print_row("sync", syncs);
    print_row("take", takes);
    print_row("take to picture", pictures);
    print_row("whole pool", take_all(target, whole_pool, whole_pool, std::max(3, count / 5)));
}

void measure_burst(const Target& target, int count) {
    print_row("burst", take_all(target, small_pool, burst, count));
}

}  // namespace carrel::bench
