// A gigabyte in and out of a desk through the server, beside the same bytes through the same kinds of sockets
// with nothing between them; and what a click and a command meet meanwhile.
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <thread>

#include "bench/client/samples.hpp"
#include "bench/rows/rows.hpp"
#include "core/error.hpp"
#include "core/sys.hpp"

namespace carrel::bench {

namespace {

constexpr std::size_t piece = std::size_t{1} << 20;
constexpr std::uint64_t gigabyte = 1'000'000'000;

/// Megabytes, those that are shared divided by those who share them.
double private_memory(pid_t pid) {
    std::ifstream rollup{fmt::format("/proc/{}/smaps_rollup", pid)};
    std::string word;
    double kilobytes = 0;
    while (rollup >> word)
        if (word == "Pss:") rollup >> kilobytes;
    return kilobytes / 1024;
}

/// The first process whose command line is that one, of a desk's processes.
pid_t tool_server(const Target& target, const Desk& desk) {
    for (const auto pid : process_ids(target, desk)) {
        std::ifstream file{fmt::format("/proc/{}/cmdline", pid)};
        const std::string words{std::istreambuf_iterator<char>{file}, {}};
        if (words.find("serve") != std::string::npos) return pid;
    }
    throw core::Error{core::Code::internal, "the desk has no tool server"};
}

/// The same bytes from one thread by another to a third, through two Unix sockets.
void relay_bytes(std::uint64_t size) {
    std::array<std::array<int, 2>, 2> pairs{};
    for (auto& pair : pairs)
        core::checked("socketpair", ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()));
    const auto pump = [size](int from, int to) {
        const auto buffer = std::make_unique_for_overwrite<char[]>(piece);
        for (std::uint64_t done = 0; done < size;) {
            const auto count = ::read(from, buffer.get(), piece);
            if (count <= 0) break;
            if (to >= 0) core::write_all(to, {buffer.get(), static_cast<std::size_t>(count)});
            done += static_cast<std::uint64_t>(count);
        }
    };
    {
        const std::jthread relay{[&] { pump(pairs[0][1], pairs[1][0]); }};
        const std::jthread reader{[&] { pump(pairs[1][1], -1); }};
        const std::string bytes(piece, 'x');
        for (std::uint64_t done = 0; done < size;) {
            const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(piece, size - done));
            core::write_all(pairs[0][0], std::string_view{bytes}.substr(0, count));
            done += count;
        }
    }
    for (const auto& pair : pairs)
        for (const int end : pair) ::close(end);
}

/// What other clients meet while `busy` runs.
void measure_beside(const std::string& name, const Target& target, const Desk& desk,
                    const std::function<void()>& busy) {
    std::atomic<bool> is_done = false;
    Samples clicks;
    Samples echoes;
    {
        const std::jthread other{[&] {
            auto http = HttpClient::to_port(target.port);
            while (!is_done) {
                clicks.push_back(time_of([&] {
                    http.must("POST", desk.at("/mouse/click"),
                              R"({"button":"left_click","coordinate":{"x":5,"y":5},"observe":"none"})");
                }));
                echoes.push_back(time_of(
                    [&] { http.must("POST", desk.at("/terminal/execute"), R"({"command":"echo hi"})"); }));
            }
        }};
        busy();
        is_done = true;
    }
    print_row("click during " + name, clicks);
    print_row("echo during " + name, echoes);
}

}  // namespace

void measure_files(const Target& target, int count) {
    auto http = HttpClient::to_port(target.port);
    const ScopedDesk desk{http};
    const auto serve = tool_server(target, *desk);
    const auto upload = [&] { http.send_bytes(desk->at("/file/upload?path=/home/agent/large"), gigabyte); };
    const auto download = [&] {
        http.fetch_bytes(desk->at("/file/download?path=/home/agent/large"), gigabyte);
    };
    const auto before = private_memory(serve);
    print_row("transfer floor", measure(count, [] { relay_bytes(gigabyte); }, 0));
    print_row("upload 1 GB", measure(count, upload, 1));
    print_row("download 1 GB", measure(count, download, 1));
    measure_beside("upload", target, *desk, upload);
    measure_beside("download", target, *desk, download);
    print_figure("transfer memory", private_memory(serve) - before);
}

}  // namespace carrel::bench
