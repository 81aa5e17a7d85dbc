#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "bench/client/samples.hpp"
#include "bench/rows/rows.hpp"
#include "core/error.hpp"
#include "core/sys.hpp"
#include "json/parse.hpp"

namespace carrel::bench {

namespace {

/// A bash that reads commands from a pipe and answers into another.
class BareShell {
public:
    BareShell() {
        std::array<int, 2> in{};
        std::array<int, 2> out{};
        core::checked("pipe", ::pipe2(in.data(), O_CLOEXEC));
        core::checked("pipe", ::pipe2(out.data(), O_CLOEXEC));
        child_ = core::checked("fork", ::fork());
        if (child_ == 0) {
            ::dup2(in[0], 0);
            ::dup2(out[1], 1);
            ::execlp("bash", "bash", nullptr);
            ::_exit(127);
        }
        ::close(in[0]);
        ::close(out[1]);
        to_ = core::Fd{in[1]};
        from_ = core::Fd{out[0]};
    }
    ~BareShell() {
        to_.reset();
        ::waitpid(child_, nullptr, 0);
    }
    BareShell(const BareShell&) = delete;
    BareShell& operator=(const BareShell&) = delete;

    void say_hi() {
        core::write_all(to_.get(), "echo hi\n");
        std::array<char, 16> text{};
        if (::read(from_.get(), text.data(), text.size()) != 3)
            throw core::Error{core::Code::internal, "a bare bash did not say hi"};
    }

private:
    pid_t child_ = 0;
    core::Fd to_, from_;
};

/// Calls in turn through the server and on the desk's own socket, so that both meet the same machine.
void measure_proxy(HttpClient& http, HttpClient& direct, const Desk& desk, int count) {
    const auto through = desk.at("/system/health");
    Samples by_server;
    Samples by_socket;
    for (int i = 0; i < count; ++i) {
        by_server.push_back(time_of([&] { http.must("GET", through); }));
        by_socket.push_back(time_of([&] { direct.must("GET", "/system/health"); }));
    }
    print_row("health", by_server);
    print_row("health direct", by_socket);
}

}  // namespace

void measure_calls(const Target& target, int count) {
    auto http = HttpClient::to_port(target.port);
    const ScopedDesk desk{http};
    auto direct = HttpClient::to_socket(endpoint(target, *desk));
    measure_proxy(http, direct, *desk, count * 2);
    print_row("server alone", measure(count, [&] { http.must("GET", "/api/v1/health/live"); }));

    const std::string echo = R"({"command":"echo hi"})";
    print_row("echo", measure(count, [&] { http.must("POST", desk->at("/terminal/execute"), echo); }));
    BareShell shell;
    print_row("echo floor", measure(count, [&] { shell.say_hi(); }));

    std::string text;
    while (text.size() < 10'000) text += "A line of a text file, as agents write and read them all day.\n";
    const auto write = json::to_text(json::Object{{"path", "/home/agent/ten.txt"}, {"file_text", text}});
    print_row("write", measure(count, [&] { http.must("POST", desk->at("/file/write"), write); }));
    const std::string view = R"({"path":"/home/agent/ten.txt"})";
    print_row("view", measure(count, [&] { http.must("POST", desk->at("/file/view"), view); }));
    const auto download = desk->at("/file/download?path=/home/agent/ten.txt");
    print_row("download", measure(count, [&] { http.must("GET", download); }));
}

}  // namespace carrel::bench
