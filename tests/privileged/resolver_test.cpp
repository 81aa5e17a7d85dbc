// What the resolver of all desks refuses, and what one desk may ask of it.
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/sys.hpp"
#include "tests/privileged/jail_under_test.hpp"
#include "tests/privileged/made_up_internet.hpp"
#include "tests/privileged/networked_desk.hpp"

using namespace carrel;
using core::checked;
using core::Fd;
using test::JailUnderTest;
using test::MadeUpInternet;
using test::NetworkedDesk;

namespace {

constexpr std::uint32_t resolver = 0xC613FFFE;

Fd connect_to_resolver(int type) {
    Fd socket{checked("socket", ::socket(AF_INET, type, 0))};
    const timeval limit{20, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const auto there = test::place(resolver, 53);
    checked("connect", ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there));
    return socket;
}

/// One question after another over one connection, until it is closed: how many were answered.
std::uint32_t answered_in_a_row(std::uint32_t most) {
    const auto socket = connect_to_resolver(SOCK_STREAM);
    const auto query = test::make_query("web.test", 1, true);
    for (std::uint32_t answered = 0; answered < most; ++answered) {
        char bytes[2048];
        if (::send(socket.get(), query.data(), query.size(), MSG_NOSIGNAL) < 0) return answered;
        if (::recv(socket.get(), bytes, sizeof bytes, 0) <= 0) return answered;
    }
    return most;
}

/// By how many more one connection's questions are answered than a desk may ask in the time that this takes,
/// which on a busy machine can be long.
std::uint32_t answered_beyond_ration(std::uint32_t most) {
    const auto begun = std::chrono::steady_clock::now();
    const auto answered = answered_in_a_row(most);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    constexpr double at_once = 500, each_second = 100;
    const auto ration = static_cast<std::uint32_t>(std::ceil(at_once + took.count() * each_second));
    return answered - std::min(answered, ration);
}

/// That many questions at once: how many are answered before a while of silence.
std::uint32_t answered_at_once(int questions) {
    const auto socket = connect_to_resolver(SOCK_DGRAM);
    const auto query = test::make_query("web.test", 1, false);
    for (int i = 0; i < questions; ++i) (void)!::send(socket.get(), query.data(), query.size(), 0);
    std::uint32_t answered = 0;
    pollfd waiting{socket.get(), POLLIN, 0};
    for (char bytes[2048]; ::poll(&waiting, 1, 8000) > 0; ++answered)
        if (::recv(socket.get(), bytes, sizeof bytes, 0) < 0) break;
    return answered;
}

}  // namespace

TEST_CASE("Transfers of whole zones are refused, over UDP and TCP") {
    MadeUpInternet internet;
    JailUnderTest jail;
    const NetworkedDesk desk{jail};
    constexpr std::uint8_t incremental = 251, whole = 252;
    constexpr int refused = 5;
    for (const auto type : {incremental, whole})
        for (const bool over_tcp : {false, true}) {
            const auto answer = test::ask_name("web.test", over_tcp, type);
            REQUIRE(answer.size() >= 12);
            CHECK((answer[over_tcp ? 5 : 3] & 0x0F) == refused);
        }
    desk.stop();
}

TEST_CASE("A server that refuses without repeating the question is heard") {
    MadeUpInternet internet{{"203.0.113.55"}};
    JailUnderTest jail;
    const NetworkedDesk desk{jail};
    const auto answer = test::ask_name("web.test", false);
    const auto query = test::make_query("web.test", 1, false);
    REQUIRE(answer.size() == query.size());
    constexpr int refused = 5;
    CHECK((answer[3] & 0x0F) == refused);
    CHECK(answer.substr(12) == query.substr(12));
    desk.stop();
}

TEST_CASE("One desk asks only so much, and another is answered all the same") {
    MadeUpInternet internet;
    JailUnderTest jail;
    const NetworkedDesk desk{jail}, neighbour{jail};
    CHECK(desk.inside([] { return answered_beyond_ration(2000); }) == 0);
    CHECK(neighbour.inside([] { return answered_in_a_row(20); }) == 20);
    desk.stop();
    neighbour.stop();
}

TEST_CASE("One desk has only so many questions open, and another still has room") {
    MadeUpInternet internet{{"203.0.113.54"}};
    JailUnderTest jail;
    const NetworkedDesk desk{jail}, neighbour{jail};
    const auto answered = desk.inside([] { return answered_at_once(150); });
    CHECK(answered <= 64);
    CHECK(answered > 0);
    CHECK(neighbour.inside([] { return answered_at_once(10); }) == 10);
    desk.stop();
    neighbour.stop();
}
