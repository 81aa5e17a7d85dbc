#include "tests/privileged/made_up_internet.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "core/id.hpp"
#include "core/sys.hpp"

namespace carrel::test {

namespace {

using core::checked;
using core::Fd;

sockaddr_in address_of(const char* text, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, text, &address.sin_addr);
    return address;
}

Fd open_socket(int type, const char* text, std::uint16_t port) {
    Fd socket{checked("socket", ::socket(AF_INET, type | SOCK_CLOEXEC, 0))};
    const int yes = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const auto address = address_of(text, port);
    checked("bind", ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
    if (type == SOCK_STREAM) checked("listen", ::listen(socket.get(), 16));
    return socket;
}

std::string text_of(const sockaddr_in& address) {
    char text[INET_ADDRSTRLEN];
    return ::inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
}

Fd accept_from(const Fd& listener, sockaddr_in& here, sockaddr_in& there) {
    socklen_t length = sizeof there;
    Fd connection{::accept(listener.get(), reinterpret_cast<sockaddr*>(&there), &length)};
    length = sizeof here;
    ::getsockname(connection.get(), reinterpret_cast<sockaddr*>(&here), &length);
    return connection;
}

void answer_web(const Fd& listener) {
    sockaddr_in here, there;
    const auto connection = accept_from(listener, here, there);
    char request[4096];
    (void)!::read(connection.get(), request, sizeof request);
    core::write_all(connection.get(),
                    fmt::format("HTTP/1.0 200 OK\r\n\r\n{} for {}\n", text_of(here), text_of(there)));
}

/// web.test and big.test are 203.0.113.10, the latter with so much beside it that only TCP holds it.
std::string answer_name(std::string query, bool over_tcp) {
    const bool is_big = query.find("\3big\4test") != std::string::npos;
    const bool is_known = is_big || query.find("\3web\4test") != std::string::npos;
    const bool is_address = query.size() >= 16 && query[query.size() - 3] == 1;
    const auto end = query.find('\0', 12) + 5;
    query.resize(end);
    query[2] = static_cast<char>(0x81 | (is_big && !over_tcp ? 0x02 : 0));
    query[3] = static_cast<char>(0x80 | (is_known ? 0 : 3));
    for (std::size_t at = 6; at < 12; ++at) query[at] = 0;
    if (!is_known || !is_address || (is_big && !over_tcp)) return query;
    const int records = is_big ? 100 : 1;
    query[7] = static_cast<char>(records);
    using namespace std::string_literals;
    for (int i = 0; i < records; ++i) query += "\xC0\x0C\0\1\0\1\0\0\0\x3C\0\4\xCB\0\x71\x0A"s;
    return query;
}

void answer_datagram(const Fd& socket) {
    char bytes[2048];
    sockaddr_in client;
    socklen_t length = sizeof client;
    const auto count =
        ::recvfrom(socket.get(), bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&client), &length);
    if (count < 16) return;
    auto answer = answer_name({bytes, static_cast<std::size_t>(count)}, false);
    // A forger on the way is quicker, but guesses the number wrong.
    auto forged = answer;
    forged[0] = static_cast<char>(forged[0] ^ 0x55);
    for (const auto& text : {forged, answer})
        ::sendto(socket.get(), text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&client), length);
}

/// As servers do that will have nothing to do with a client: refused, and the question left out.
void answer_barely(const Fd& socket) {
    char bytes[2048];
    sockaddr_in client;
    socklen_t length = sizeof client;
    const auto count =
        ::recvfrom(socket.get(), bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&client), &length);
    if (count < 12) return;
    const char refusal[12] = {bytes[0], bytes[1], static_cast<char>(0x81), static_cast<char>(0x85)};
    ::sendto(socket.get(), refusal, sizeof refusal, 0, reinterpret_cast<sockaddr*>(&client), length);
}

void answer_stream(const Fd& listener) {
    sockaddr_in here, there;
    const auto connection = accept_from(listener, here, there);
    char bytes[2048];
    const auto count = ::read(connection.get(), bytes, sizeof bytes);
    if (count < 18) return;
    const auto answer = answer_name({bytes + 2, static_cast<std::size_t>(count) - 2}, true);
    std::string text{static_cast<char>(answer.size() >> 8), static_cast<char>(answer.size() & 0xFF)};
    core::write_all(connection.get(), text + answer);
}

struct Service {
    Fd socket;
    void (*answer)(const Fd&);
};

[[noreturn]] void serve(const std::vector<Service>& services) {
    std::vector<pollfd> waiting;
    for (const auto& service : services) waiting.push_back({service.socket.get(), POLLIN, 0});
    while (::poll(waiting.data(), waiting.size(), -1) > 0)
        for (std::size_t i = 0; i < services.size(); ++i)
            if (waiting[i].revents != 0) services[i].answer(services[i].socket);
    ::_exit(0);
}

/// A child in the network namespace `network` that serves until its parent ends it. Returns when it
/// does.
pid_t start_server(const Fd& network, bool is_world) {
    int ends[2];
    checked("pipe", ::pipe(ends));
    const auto child = checked("fork", ::fork());
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::signal(SIGPIPE, SIG_IGN);
        ::setns(network.get(), CLONE_NEWNET);
        std::vector<Service> services;
        services.push_back({open_socket(SOCK_STREAM, "0.0.0.0", 80), answer_web});
        if (is_world) {
            services.push_back({open_socket(SOCK_DGRAM, "203.0.113.53", 53), answer_datagram});
            services.push_back({open_socket(SOCK_STREAM, "203.0.113.53", 53), answer_stream});
            services.push_back({open_socket(SOCK_DGRAM, "203.0.113.54", 53), [](const Fd& socket) {
                                    char bytes[512];
                                    (void)!::read(socket.get(), bytes, sizeof bytes);
                                }});
            services.push_back({open_socket(SOCK_DGRAM, "203.0.113.55", 53), answer_barely});
        }
        for (const int end : ends) ::close(end);
        serve(services);
    }
    ::close(ends[1]);
    char none;
    (void)!::read(ends[0], &none, 1);
    ::close(ends[0]);
    return child;
}

Fd open_namespace(const char* kind) {
    return core::open_file(fmt::format("/proc/self/ns/{}", kind), O_RDONLY);
}

}  // namespace

std::string run_command(const std::string& command) {
    INFO(command);
    auto* pipe = ::popen((command + " 2>&1").c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string text;
    std::array<char, 4096> buffer;
    while (const auto count = std::fread(buffer.data(), 1, buffer.size(), pipe))
        text.append(buffer.data(), count);
    CAPTURE(text);
    REQUIRE(::pclose(pipe) == 0);
    return text;
}

MadeUpInternet::MadeUpInternet(const std::vector<std::string>& name_servers)
    : network_{open_namespace("net")}, mounts_{open_namespace("mnt")} {
    resolv_conf_ = "/tmp/carrel-test-resolv-" + core::random_hex(8);
    std::ofstream file{resolv_conf_};
    for (const auto& server : name_servers) file << "nameserver " << server << "\n";
    file.close();

    checked("new network namespace", ::unshare(CLONE_NEWNET));
    const auto world = open_namespace("net");
    checked("new network namespace", ::unshare(CLONE_NEWNET));
    const auto host = open_namespace("net");
    run_command("ip link set lo up");
    run_command("ip link add h0 type veth peer name w0 && ip link add h1 type veth peer name w1");
    for (const char* line :
         {"ip addr add 203.0.113.2/24 dev h0", "ip addr add 192.168.50.1/24 dev h1", "ip link set h0 up",
          "ip link set h1 up", "ip route add default via 203.0.113.1"})
        run_command(line);
    // `ip` takes a pid: that of a shell which waits in the world.
    int ends[2];
    checked("pipe", ::pipe(ends));
    const auto holder = checked("fork", ::fork());
    if (holder == 0) {
        ::setns(world.get(), CLONE_NEWNET);
        ::close(ends[0]);
        (void)!::write(ends[1], "x", 1);
        ::pause();
        ::_exit(0);
    }
    char ready;
    (void)!::read(ends[0], &ready, 1);
    for (const int end : ends) ::close(end);
    run_command(fmt::format("ip link set w0 netns {0} && ip link set w1 netns {0}", holder));
    ::kill(holder, SIGKILL);
    ::waitpid(holder, nullptr, 0);
    checked("enter the world", ::setns(world.get(), CLONE_NEWNET));
    run_command("ip link set lo up && ip link set w0 up && ip link set w1 up");
    for (const char* address : {"203.0.113.1/24", "203.0.113.10/24", "203.0.113.53/24", "203.0.113.54/24",
                                "203.0.113.55/24", "169.254.169.254/32", "100.64.0.9/32", "10.9.9.9/32"})
        run_command(fmt::format("ip addr add {} dev w0", address));
    run_command("ip addr add 192.168.50.2/24 dev w1");
    checked("enter the host", ::setns(host.get(), CLONE_NEWNET));
    world_ = start_server(world, true);
    host_ = start_server(host, false);

    checked("new mount namespace", ::unshare(CLONE_NEWNS));
    checked("mount", ::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr));
    checked("mount resolv.conf",
            ::mount(resolv_conf_.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr));
}

MadeUpInternet::~MadeUpInternet() {
    for (const auto server : {world_, host_}) {
        ::kill(server, SIGKILL);
        ::waitpid(server, nullptr, 0);
    }
    ::setns(network_.get(), CLONE_NEWNET);
    ::setns(mounts_.get(), CLONE_NEWNS);
    ::unlink(resolv_conf_.c_str());
}

std::string MadeUpInternet::in_world(const std::string& command) const {
    return run_command(fmt::format("nsenter -t {} -n sh -c '{}'", world_, command));
}

std::string MadeUpInternet::inventory() {
    return run_command("ip -o link; ip -o -4 addr; ip route; nft list ruleset");
}

std::string make_query(const std::string& name, std::uint8_t type, bool over_tcp) {
    using namespace std::string_literals;
    auto message = "\x12\x34\1\0\0\1\0\0\0\0\0\0"s;
    for (std::size_t start = 0; start < name.size();) {
        const auto end = std::min(name.find('.', start), name.size());
        message += static_cast<char>(end - start);
        message += name.substr(start, end - start);
        start = end + 1;
    }
    message += "\0\0"s + static_cast<char>(type) + "\0\1"s;
    if (over_tcp) message.insert(0, {'\0', static_cast<char>(message.size())});
    return message;
}

std::string ask_name(const std::string& name, bool over_tcp, std::uint8_t type) {
    const auto message = make_query(name, type, over_tcp);
    const Fd socket{checked("socket", ::socket(AF_INET, over_tcp ? SOCK_STREAM : SOCK_DGRAM, 0))};
    const timeval limit{20, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const auto resolver = address_of("198.19.255.254", 53);
    // As a desk would be: from an address of desks.
    const auto source = address_of("198.19.255.254", 0);
    checked("bind", ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&source), sizeof source));
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&resolver), sizeof resolver) < 0) return "";
    core::write_all(socket.get(), message);
    std::string answer;
    char bytes[65536];
    while (true) {
        const auto count = ::read(socket.get(), bytes, sizeof bytes);
        if (count > 0) answer.append(bytes, static_cast<std::size_t>(count));
        if (count <= 0 || !over_tcp) return answer;
        const auto size = static_cast<unsigned char>(answer[0]) << 8 | static_cast<unsigned char>(answer[1]);
        if (answer.size() >= static_cast<std::size_t>(size) + 2) return answer;
    }
}

}  // namespace carrel::test
