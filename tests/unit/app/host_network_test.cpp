#include "app/host_network.hpp"

#include <doctest/doctest.h>

using namespace carrel::app;
using namespace std::string_literals;

TEST_CASE("the default route is the one that is up and leads everywhere") {
    const auto head =
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT       \n"s;
    const auto route = [](const char* destination, const char* flags, const char* mask) {
        return "eth0\t"s + destination + "\t0100000A\t" + flags + "\t0\t0\t0\t" + mask + "\t0\t0\t0   \n";
    };
    const auto everywhere = route("00000000", "0003", "00000000");
    CHECK(find_default_route(head + route("0000000A", "0001", "000000FF") + everywhere) == "eth0");
    CHECK_FALSE(find_default_route(head + route("00000000", "0002", "00000000")));
    CHECK_FALSE(find_default_route(head + route("00000000", "0201", "00000000")));
    CHECK_FALSE(find_default_route(head + route("00000000", "0001", "000000FF")));
    CHECK_FALSE(find_default_route(head));
    CHECK_FALSE(find_default_route(""));
    CHECK_FALSE(find_default_route("eth0\t00000000\n\n"));
}

TEST_CASE("a name server that answers is not yet one that serves") {
    const auto answer = [](int code) {
        return "\x12\x34\x81"s + static_cast<char>(0x80 | code) + "\0\1\0\0\0\0\0\0"s;
    };
    for (const int good : {0, 3}) CHECK_FALSE(find_refusal(answer(good)));
    CHECK(find_refusal(answer(2)).value_or("").contains("SERVFAIL"));
    CHECK(find_refusal(answer(5)).value_or("").contains("REFUSED"));
    for (const int wrong : {1, 4}) CHECK(find_refusal(answer(wrong)));
    CHECK(find_refusal("short"));
}
