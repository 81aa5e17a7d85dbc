#include "jail/dns/resolver.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <list>

#include "core/landlock.hpp"
#include "core/sys.hpp"
#include "jail/dns/exchange.hpp"
#include "jail/dns/filter.hpp"
#include "jail/dns/process.hpp"
#include "jail/dns/servers.hpp"
#include "jail/network/rules.hpp"
#include "jail/process/user.hpp"

namespace carrel::jail::dns {

namespace {

using core::checked;
using core::Fd;

// Bounds, so that one desk can neither exhaust the process nor take all of it.
constexpr std::size_t most_datagrams = 512, most_datagrams_each = 64;
constexpr std::size_t most_connections = 64, most_connections_each = 8;
constexpr rlim_t most_descriptors = 1024;
/// Datagrams taken before the rest of the loop has its turn again.
constexpr int most_at_once = 64;
constexpr const char* resolv_conf = "/etc/resolv.conf";

Fd bind_socket(int type, const std::string& address) {
    Fd socket{checked("socket", ::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))};
    const int yes = 1;
    // Beside a name server of the host that has bound all addresses, and after an earlier one of ours.
    checked("set SO_REUSEADDR", ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes));
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(dns_port);
    if (::inet_pton(AF_INET, address.c_str(), &place.sin_addr) != 1)
        throw core::Error{core::Code::invalid, fmt::format("'{}' is no IPv4 address", address)};
    checked(fmt::format("bind {}:{}", address, dns_port),
            ::bind(socket.get(), reinterpret_cast<sockaddr*>(&place), sizeof place));
    return socket;
}

bool is_desk(const sockaddr_in& client) {
    return network::desk_addresses.has({ntohl(client.sin_addr.s_addr)});
}

/// How many of `exchanges` are `client`'s.
template <class Exchanges>
std::size_t count_of(const Exchanges& exchanges, std::uint32_t client) {
    return static_cast<std::size_t>(
        std::ranges::count_if(exchanges, [&](const auto& exchange) { return exchange.client() == client; }));
}

class Resolver {
public:
    explicit Resolver(const std::string& address)
        : datagram_socket_{bind_socket(SOCK_DGRAM, address)},
          stream_socket_{bind_socket(SOCK_STREAM, address)},
          servers_{resolv_conf, address} {
        checked("listen", ::listen(stream_socket_.get(), most_connections));
    }

    /// One turn: waits, then does what is ready or late.
    void turn() {
        waiting_ = {{datagram_socket_.get(), POLLIN, 0}, {stream_socket_.get(), POLLIN, 0}};
        // At rest nothing wakes this process.
        auto next = Clock::time_point::max();
        enlist(datagrams_, next);
        enlist(connections_, next);
        if (::poll(waiting_.data(), waiting_.size(), milliseconds_until(next)) < 0) {
            if (errno == EINTR) return;
            throw core::system_error("poll", errno);
        }
        std::size_t place = 2;
        advance(datagrams_, place);
        advance(connections_, place);
        if (waiting_[0].revents != 0) take_datagrams();
        if (waiting_[1].revents != 0) take_connection();
    }

private:
    static int milliseconds_until(Clock::time_point next) {
        if (next == Clock::time_point::max()) return -1;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
        return static_cast<int>(std::max(left, std::chrono::milliseconds{0}).count());
    }

    template <class Exchanges>
    void enlist(const Exchanges& exchanges, Clock::time_point& next) {
        for (const auto& exchange : exchanges) {
            const auto wait = exchange.wait();
            waiting_.push_back({wait.descriptor, wait.events, 0});
            next = std::min(next, wait.until);
        }
    }

    template <class Exchanges>
    void advance(Exchanges& exchanges, std::size_t& place) {
        const auto now = Clock::now();
        for (auto at = exchanges.begin(); at != exchanges.end();) {
            const bool is_ready = waiting_[place++].revents != 0;
            const bool goes_on = is_ready ? at->on_ready() : at->wait().until <= now ? at->on_late() : true;
            at = goes_on ? std::next(at) : exchanges.erase(at);
        }
    }

    void take_datagrams() {
        for (int i = 0; i < most_at_once; ++i) {
            char buffer[longest_query + 1];
            sockaddr_in client{};
            socklen_t length = sizeof client;
            const auto count = ::recvfrom(datagram_socket_.get(), buffer, sizeof buffer, 0,
                                          reinterpret_cast<sockaddr*>(&client), &length);
            if (count < 0) return;
            if (is_desk(client) && ration_.take(client.sin_addr.s_addr, Clock::now()))
                take({buffer, static_cast<std::size_t>(count)}, client);
        }
    }

    void take(std::string_view bytes, const sockaddr_in& client) {
        auto query = parse_query(bytes);
        if (!query) {
            const auto failure = format_failure(bytes, query.error()).value_or("");
            ::sendto(datagram_socket_.get(), failure.data(), failure.size(), MSG_DONTWAIT,
                     reinterpret_cast<const sockaddr*>(&client), sizeof client);
            return;
        }
        // Not answered: it asks again, when there is room perhaps.
        if (datagrams_.size() >= most_datagrams ||
            count_of(datagrams_, client.sin_addr.s_addr) >= most_datagrams_each)
            return;
        datagrams_.emplace_back(datagram_socket_.get(), client, std::move(*query), servers_.now());
        if (datagrams_.back().is_over()) datagrams_.pop_back();
    }

    void take_connection() {
        sockaddr_in client{};
        socklen_t length = sizeof client;
        Fd socket{::accept4(stream_socket_.get(), reinterpret_cast<sockaddr*>(&client), &length,
                            SOCK_CLOEXEC | SOCK_NONBLOCK)};
        if (!socket || !is_desk(client) || connections_.size() >= most_connections ||
            count_of(connections_, client.sin_addr.s_addr) >= most_connections_each)
            return;
        connections_.emplace_back(std::move(socket), client.sin_addr.s_addr, servers_, ration_);
    }

    Fd datagram_socket_;
    Fd stream_socket_;
    Servers servers_;
    Ration ration_;
    std::list<Datagram> datagrams_;
    std::list<Connection> connections_;
    std::vector<pollfd> waiting_;
};

/// From root to nobody much. Its own mounts first: it outlives the jail, whose it would keep.
void give_up_privileges(const Options& options) {
    ::prctl(PR_SET_NAME, "carrel-dns");
    checked("new mount namespace", ::unshare(CLONE_NEWNS));
    checked("chdir /", ::chdir("/"));
    process::set_limit({"core", RLIMIT_CORE, 0});
    process::set_limit({"nofile", RLIMIT_NOFILE, most_descriptors});
    process::set_limit({"nproc", RLIMIT_NPROC, 0});
    process::drop_capabilities();
    process::become_user({options.uid, options.gid});
    checked("no new privileges", ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    // The file itself may be replaced, and may be a link to elsewhere, as systemd-resolved's is.
    std::error_code unknown;
    const auto real = std::filesystem::canonical(resolv_conf, unknown);
    core::confine({.places = {{"/etc"}, {unknown ? "/etc" : real.parent_path().string()}},
                   .ports = std::vector<std::uint16_t>{dns_port}});
    filter_calls();
}

/// Once. Who has waited too long for the word has gone, which is no reason to end: the next one finds us by
/// the lock.
void tell(Fd& ready, std::string_view text) {
    const Fd pipe = std::move(ready);
    if (pipe) [[maybe_unused]]
        const auto written = ::write(pipe.get(), text.data(), text.size());
}

}  // namespace

void run(const Options& options) {
    ::signal(SIGPIPE, SIG_IGN);
    Fd ready{options.ready};
    try {
        // Kept open as long as we live: closing it would let go of the lock.
        const int lock = core::open_file(options.lock, O_RDWR | O_NOFOLLOW).release();
        take_lock(lock);
        Resolver resolver{options.address};
        give_up_privileges(options);
        tell(ready, "ok");
        while (true) resolver.turn();
    } catch (const core::Error& error) {
        tell(ready, error.message());
        throw;
    }
}

}  // namespace carrel::jail::dns
