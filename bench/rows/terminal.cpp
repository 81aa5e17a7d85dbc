#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>

#include "bench/client/samples.hpp"
#include "bench/client/web_socket.hpp"
#include "bench/rows/rows.hpp"
#include "core/error.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::bench {

namespace {

/// The numbers from 1 on, a line each, as seq(1) prints them: it tells a byte that is lost, repeated or
/// out of place.
class Numbers {
public:
    /// Whether `bytes` go on where the last ones ended.
    bool take(std::string_view bytes) {
        for (const char byte : bytes) {
            if (place_ == line_.size()) {
                place_ = 0;
                line_ = fmt::format("{}\n", ++number_);
            }
            if (line_[place_++] != byte) return false;
        }
        return true;
    }

private:
    std::uint64_t number_ = 0;
    std::string line_;
    std::size_t place_ = 0;
};

std::string print_numbers(std::size_t count) {
    return fmt::format("stty raw; seq 1000000000 | head -c {}", count);
}

/// Megabytes a second, of `count` bytes that `read` gives piece by piece.
double speed(std::size_t count, const std::function<std::string_view()>& read) {
    Numbers numbers;
    std::size_t total = 0;
    const auto time = time_of([&] {
        while (total < count) {
            const auto piece = read();
            if (piece.empty() || !numbers.take(piece))
                throw core::Error{core::Code::internal, fmt::format("a terminal lost bytes near {}", total)};
            total += piece.size();
        }
    });
    return static_cast<double>(total) / 1000 / time.count();
}

/// The same program on a pseudo-terminal of our own.
double bare_speed(std::size_t count) {
    const core::Fd master = core::open_file("/dev/ptmx", O_RDWR | O_NOCTTY);
    int locked = 0;
    core::checked("unlock", ::ioctl(master.get(), TIOCSPTLCK, &locked));
    core::Fd slave{core::checked("open", ::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC))};
    const auto command = print_numbers(count);
    const pid_t child = core::checked("fork", ::fork());
    if (child == 0) {
        for (int number = 0; number <= 2; ++number) ::dup2(slave.get(), number);
        ::execlp("bash", "bash", "-c", command.c_str(), nullptr);
        ::_exit(127);
    }
    std::array<char, 65536> buffer{};
    const auto result = speed(count, [&]() -> std::string_view {
        const auto got = core::checked("read", ::read(master.get(), buffer.data(), buffer.size()));
        return {buffer.data(), static_cast<std::size_t>(got)};
    });
    ::waitpid(child, nullptr, 0);
    return result;
}

}  // namespace

void measure_terminal(const Target& target, int count) {
    auto http = HttpClient::to_port(target.port);
    const ScopedDesk desk{http};
    const auto bytes = static_cast<std::size_t>(count) * 1'000'000;
    // In turn, so that both meet the same machine; the best of each, since others share it.
    double best = 0;
    double best_bare = 0;
    for (int turn = 0; turn < 3; ++turn) {
        WebSocketClient socket{
            target.port, desk->at("/terminal/pty?command=" + core::percent_encode(print_numbers(bytes)))};
        best = std::max(best, speed(bytes, [&] { return socket.receive(); }));
        best_bare = std::max(best_bare, bare_speed(bytes));
    }
    print_figure("pty", best);
    print_figure("pty floor", best_bare);
}

}  // namespace carrel::bench
