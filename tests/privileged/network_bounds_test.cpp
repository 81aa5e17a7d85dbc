// What a desk with internet may take of what the kernel has once for all networks: connections that it
// remembers, neighbours; and that each of the two walls around it, its own rules and the host's, holds alone.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <functional>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "jail/network/rules.hpp"
#include "tests/privileged/jail_under_test.hpp"
#include "tests/privileged/made_up_internet.hpp"
#include "tests/privileged/networked_desk.hpp"

using namespace carrel;
using core::checked;
using jail::network::most_flows;
using test::JailUnderTest;
using test::MadeUpInternet;
using test::NetworkedDesk;
using test::open_datagrams;
using test::place;
using test::run_command;
using test::send_to;

namespace {

constexpr std::uint32_t web = 0xCB00710A, names = 0xCB007135;

/// Flows that the kernel remembers in the network of this process.
std::uint32_t count_flows() {
    return static_cast<std::uint32_t>(
        core::parse_unsigned(core::trim(core::read_file("/proc/sys/net/netfilter/nf_conntrack_count")))
            .value_or(0));
}

/// Begins `most` flows, or as many as it may: until none has begun for a second.
std::uint32_t begin_flows(std::uint32_t most, const std::function<bool(std::uint32_t)>& begin) {
    using Clock = std::chrono::steady_clock;
    std::uint32_t begun = 0;
    for (auto last = Clock::now(); begun < most && Clock::now() - last < std::chrono::seconds{1};) {
        if (begin(begun)) {
            ++begun;
            last = Clock::now();
        } else {
            ::poll(nullptr, 0, 1);
        }
    }
    return begun;
}

constexpr std::uint32_t too_many = most_flows * 2;

std::string ask_from(const NetworkedDesk& desk, const std::string& options) {
    return desk.as_root(
        fmt::format(R"(printf "GET / HTTP/1.0\r\n\r\n" | busybox nc -w 1 {} 2>&1 || true)", options));
}

}  // namespace

TEST_CASE("A desk has only so many connections at once, whether its peers answer or not") {
    MadeUpInternet internet;
    JailUnderTest jail;
    const NetworkedDesk desk{jail}, neighbour{jail};
    SUBCASE("nobody answers") {
        const auto held = desk.inside([] {
            const auto socket = open_datagrams();
            begin_flows(too_many,
                        [&](std::uint32_t i) { return send_to(socket.get(), place(web, 1000 + i)); });
            return count_flows();
        });
        CHECK(held <= most_flows);
        CHECK(held > 100);
    }
    SUBCASE("the peer answers each") {
        const auto held = desk.inside([] {
            begin_flows(too_many, [](std::uint32_t i) {
                const auto socket = open_datagrams();
                const auto here = place(0, 1000 + i);
                ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here);
                return send_to(socket.get(), place(names, 53));
            });
            return count_flows();
        });
        CHECK(held <= most_flows);
        CHECK(held > 100);
    }
    CHECK(count_flows() <= most_flows + 100);
    CHECK(neighbour.reaches_web());
    desk.stop();
    neighbour.stop();
}

TEST_CASE("What programs say to each other within a desk is nobody's connection") {
    MadeUpInternet internet;
    JailUnderTest jail;
    const NetworkedDesk desk{jail};
    CHECK(desk.inside([] {
        const auto socket = open_datagrams();
        for (std::uint32_t i = 0; i < 1000; ++i) send_to(socket.get(), place(0x7F000001, 1000 + i));
        return count_flows();
    }) < 100);
    desk.stop();
}

TEST_CASE("The host forgets what a desk left open") {
    MadeUpInternet internet;
    JailUnderTest jail;
    const NetworkedDesk desk{jail};
    desk.jail.shell(desk.spec.id,
                    "for i in 1 2 3 4 5 6; do (sleep 1000 | nc 203.0.113.10 80) >/dev/null 2>&1 & done");
    CHECK(test::eventually([] { return count_flows() >= 6; }));
    // Nobody hears it take leave, so that the flows would be remembered for five days.
    run_command(fmt::format("ip link set {} down", desk.cable.interface));
    desk.stop();
    CHECK(test::eventually([] { return count_flows() == 0; }));
}

TEST_CASE("A desk makes no neighbours of whom it cannot reach but by the host") {
    MadeUpInternet internet;
    JailUnderTest jail;
    const NetworkedDesk desk{jail};
    // The kernel's table of neighbours is one for all networks, the host's among them.
    CHECK(desk.inside([] {
        const auto socket = open_datagrams();
        const int yes = 1;
        checked("SO_BINDTODEVICE",
                ::setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, "eth0", sizeof "eth0"));
        checked("SO_DONTROUTE", ::setsockopt(socket.get(), SOL_SOCKET, SO_DONTROUTE, &yes, sizeof yes));
        std::uint32_t sent = 0;
        for (std::uint32_t i = 1; i <= 100; ++i) sent += send_to(socket.get(), place(0x0B000000 + i, 9));
        return sent;
    }) == 0);
    CHECK(desk.as_root("ip neigh").find("11.0.0.") == std::string::npos);
    CHECK(desk.reaches_web());
    desk.stop();
}

TEST_CASE("The host's rules hold alone, without the desk's own") {
    MadeUpInternet internet;
    JailUnderTest jail;
    const NetworkedDesk desk{jail}, neighbour{jail};
    desk.as_root("nft flush ruleset");
    CHECK(test::eventually(
        [&] { return ask_from(desk, "203.0.113.10 80").find(" for ") != std::string::npos; }));
    for (const char* forbidden :
         {"192.168.50.2", "169.254.169.254", "100.64.0.9", "10.9.9.9", "203.0.113.2", "192.168.50.1"}) {
        CAPTURE(forbidden);
        CHECK(
            run_command(fmt::format(R"(printf 'GET / HTTP/1.0\r\n\r\n' | busybox nc -w 5 {} 80)", forbidden))
                .find(" for ") != std::string::npos);
        CHECK(ask_from(desk, fmt::format("{} 80", forbidden)).find(" for ") == std::string::npos);
    }
    // Another source than its own, which host and world would answer.
    desk.as_root("ip addr add 172.31.7.7/32 dev eth0");
    run_command(fmt::format("ip route add 172.31.7.7/32 dev {}", desk.cable.interface));
    internet.in_world("ip route add 172.31.7.7/32 via 203.0.113.2");
    desk.as_root(fmt::format("ip route add 203.0.113.10/32 via {} src 172.31.7.7", to_text(desk.cable.host)));
    CHECK(ask_from(desk, "203.0.113.10 80").find(" for ") == std::string::npos);
    desk.as_root("ip route del 203.0.113.10/32");
    CHECK(test::eventually(
        [&] { return ask_from(desk, "203.0.113.10 80").find(" for ") != std::string::npos; }));
    // The neighbour, whose own rules go, too.
    neighbour.as_root("nft flush ruleset");
    jail.shell(neighbour.spec.id,
               "(while true; do echo one for all | nc -l -p 8080; done) >/dev/null 2>&1 &");
    CHECK(test::eventually(
        [&] { return ask_from(neighbour, "127.0.0.1 8080").find(" for ") != std::string::npos; }));
    CHECK(ask_from(desk, to_text(neighbour.cable.desk) + " 8080").find(" for ") == std::string::npos);
    const auto begun = desk.inside([] {
        const auto socket = open_datagrams();
        return begin_flows(too_many,
                           [&](std::uint32_t i) { return send_to(socket.get(), place(web, 1000 + i)); });
    });
    CHECK(begun == too_many);
    CHECK(count_flows() <= most_flows + 100);
    desk.stop();
    neighbour.stop();
}
