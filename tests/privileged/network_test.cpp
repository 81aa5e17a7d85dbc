// Desks' networks, in a made-up internet. See made_up_internet.hpp for who is where.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "jail/network/cable.hpp"
#include "tests/privileged/jail_under_test.hpp"
#include "tests/privileged/made_up_internet.hpp"

using namespace carrel;
using test::JailUnderTest;
using test::MadeUpInternet;
using test::run_command;

namespace {

jail::wire::Spec internet_spec(JailUnderTest& jail) {
    auto spec = jail.spec();
    spec.network = jail::wire::Network::internet;
    return spec;
}

/// busybox's wget looks up even numbers by libc, which a static program must not; nc does not.
std::string fetching(const std::string& address, int port = 80) {
    return fmt::format(
        R"(printf 'GET / HTTP/1.0\r\n\r\n' | /bin/busybox nc -w 5 {} {} 2>&1 | /bin/busybox tail -n 1)",
        address, port);
}

/// What the web server at `address` says, or how asking it failed.
std::string fetch(JailUnderTest& jail, const jail::wire::Spec& spec, const std::string& address) {
    return jail.shell(spec.id, fetching(address));
}

bool finds_names(JailUnderTest& jail, const jail::wire::Spec& spec) {
    const auto answer = jail.shell(spec.id, "/bin/busybox nslookup -type=a web.test");
    return answer.find("Address: 203.0.113.10") != std::string::npos;
}

bool reaches(JailUnderTest& jail, const jail::wire::Spec& spec, const std::string& address) {
    return fetch(jail, spec, address).find(" for ") != std::string::npos;
}

std::string path_of_locks() {
    struct stat here;
    core::checked("stat", ::stat("/proc/self/ns/net", &here));
    return fmt::format("/run/carrel-network-{}", here.st_ino);
}

/// The resolver of this network namespace; -1 when there is none.
pid_t find_resolver() {
    const auto path = path_of_locks();
    for (const auto& process : std::filesystem::directory_iterator{"/proc"}) {
        const auto pid = core::parse_unsigned(process.path().filename().string());
        if (!pid) continue;
        try {
            const auto words = core::read_file(process.path() / "cmdline");
            if (words.starts_with("carrel-jail") && words.find(path) != std::string::npos)
                return static_cast<pid_t>(*pid);
        } catch (const core::Error&) {
            // It has ended meanwhile.
        }
    }
    return -1;
}

/// Addresses that answer the host, but must not answer a desk.
const std::vector<std::string> forbidden_addresses{
    "192.168.50.2", "169.254.169.254", "100.64.0.9",     "10.9.9.9",  // around the host
    "203.0.113.2",  "192.168.50.1",    "198.19.255.254", "127.0.0.1"  // of the host itself
};

void check_walls(JailUnderTest& jail, const jail::wire::Spec& spec, const jail::wire::Spec& neighbour) {
    CHECK(reaches(jail, spec, "203.0.113.10"));
    const auto own = jail::network::cable_of(
        static_cast<std::uint32_t>(jail.ask(jail::wire::Adopt{spec.id}).answer.get_number("uid_base")));
    const auto other = jail::network::cable_of(
        static_cast<std::uint32_t>(jail.ask(jail::wire::Adopt{neighbour.id}).answer.get_number("uid_base")));
    auto forbidden = forbidden_addresses;
    for (const auto address : {own.host, other.host, other.desk}) forbidden.push_back(to_text(address));
    for (const auto& address : forbidden) {
        CAPTURE(address);
        const auto answer = fetch(jail, spec, address);
        CAPTURE(answer);
        CHECK(answer.find(" for ") == std::string::npos);
    }
    // The host does not come in, either.
    CHECK(run_command(fetching(to_text(other.desk), 8080)).find("secret") == std::string::npos);
}

}  // namespace

TEST_CASE("A desk with internet reaches the web under the host's address and finds names") {
    MadeUpInternet internet;
    JailUnderTest jail;
    const auto spec = internet_spec(jail);
    const auto desk = jail.start(spec);
    CHECK(desk.answer.find("warning") == std::nullopt);
    for (const auto& [key, value] : desk.answer.fields)
        if (key == "took.network" || key == "took.inside") MESSAGE(key << " = " << value);
    CHECK(fetch(jail, spec, "203.0.113.10") == "203.0.113.10 for 203.0.113.2\nstatus 0\n");
    CHECK(finds_names(jail, spec));
    CHECK(jail.shell(spec.id, "/bin/busybox nslookup -type=a nowhere.test").find("NXDOMAIN") !=
          std::string::npos);
    jail.stop(spec.id);
}

TEST_CASE("Names are found while server and jail are dead, and the resolver has no privileges") {
    MadeUpInternet internet;
    JailUnderTest jail;
    const auto spec = internet_spec(jail);
    jail.start(spec);
    ::kill(jail.pid(), SIGKILL);
    CHECK(finds_names(jail, spec));
    const auto resolver = find_resolver();
    REQUIRE(resolver > 0);
    const auto status = core::read_file(fmt::format("/proc/{}/status", resolver));
    for (const char* line : {"CapEff:\t0000000000000000", "CapPrm:\t0000000000000000",
                             "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"}) {
        CAPTURE(line);
        CHECK(status.find(line) != std::string::npos);
    }
    // Neither the server's user nor one that anybody is.
    const auto ids = status.substr(status.find("Uid:\t"));
    const auto uid = core::parse_unsigned(ids.substr(5, ids.find('\t', 5) - 5)).value_or(0);
    CHECK(uid > 1'000'000'000);
    CHECK(status.find(fmt::format("Uid:\t{0}\t{0}\t{0}\t{0}\n", uid)) != std::string::npos);
    CHECK(status.find(fmt::format("Gid:\t{0}\t{0}\t{0}\t{0}\n", uid)) != std::string::npos);
    CHECK(status.find(fmt::format("Groups:\t{} \n", uid)) != std::string::npos);
    jail.restart();
    CHECK(jail.ask(jail::wire::List{}).answer.find(spec.id) == "alive");
    CHECK(find_resolver() == resolver);
    CHECK(finds_names(jail, spec));
    jail.stop(spec.id);
}

TEST_CASE("A desk reaches no other desk, not the host, its neighbours, metadata or private ranges") {
    MadeUpInternet internet;
    // Else the rest shows nothing: all of it is there and answers the host.
    for (const auto& address : forbidden_addresses) {
        if (address == "198.19.255.254") continue;
        CHECK(run_command(fetching(address)).find(" for ") != std::string::npos);
    }
    JailUnderTest jail;
    const auto spec = internet_spec(jail);
    const auto neighbour = internet_spec(jail);
    jail.start(spec);
    jail.start(neighbour);
    jail.shell(neighbour.id, "(while true; do echo secret for you | nc -l -p 8080; done) >/dev/null 2>&1 &");
    CHECK(test::eventually([&] {
        return jail.shell(neighbour.id, "nc -w 1 127.0.0.1 8080 </dev/null").find("secret") !=
               std::string::npos;
    }));
    check_walls(jail, spec, neighbour);

    // Without the host's rules the desk's own hold. Masquerade is put back by hand, so that what
    // does not answer is refused and not just lost.
    run_command("nft flush ruleset");
    run_command(
        "nft add table ip by_hand && nft 'add chain ip by_hand leave "
        "{ type nat hook postrouting priority 100; }' && nft add rule ip by_hand leave masquerade");
    check_walls(jail, spec, neighbour);
    run_command("nft delete table ip by_hand");

    // The next start repairs the host's rules for all.
    CHECK(!reaches(jail, spec, "203.0.113.10"));
    const auto third = internet_spec(jail);
    jail.start(third);
    CHECK(reaches(jail, spec, "203.0.113.10"));
    for (const auto& one : {spec, neighbour, third}) jail.stop(one.id);
}

TEST_CASE("A forbidden address is refused at once") {
    MadeUpInternet internet;
    JailUnderTest jail;
    const auto spec = internet_spec(jail);
    jail.start(spec);
    CHECK(fetch(jail, spec, "10.9.9.9").find("can't connect to remote host (10.9.9.9): No route to host") !=
          std::string::npos);
    jail.stop(spec.id);
}

TEST_CASE("A desk has no IPv6, and without network only a loopback") {
    MadeUpInternet internet;
    JailUnderTest jail;
    const auto with = internet_spec(jail);
    const auto without = jail.spec();
    jail.start(with);
    jail.start(without);
    for (const auto& spec : {with, without})
        CHECK(jail.shell(spec.id, "cat /proc/net/if_inet6 /proc/net/ipv6_route | grep -v ' lo$'") ==
              "status 1\n");
    CHECK(jail.shell(without.id, "ls /sys/class/net") == "lo\nstatus 0\n");
    CHECK(jail.shell(with.id, "ls /sys/class/net") == "eth0\nlo\nstatus 0\n");
    CHECK(!reaches(jail, without, "203.0.113.10"));
    for (const auto& spec : {with, without}) jail.stop(spec.id);
}

TEST_CASE("Namespaces that a program of the desk makes gain it nothing") {
    MadeUpInternet internet;
    JailUnderTest jail;
    const auto spec = internet_spec(jail);
    jail.start(spec);
    const std::string nested = "/bin/busybox unshare -U -r -n ";
    CHECK(jail.shell(spec.id, nested + "grep -c : /proc/net/dev").starts_with("1\n"));
    // Nor is it an administrator of a network of its own.
    for (const char* command : {"ip link", "ip link set lo up", "ip link add b0 type bridge"}) {
        CAPTURE(command);
        CHECK(jail.shell(spec.id, nested + command).find("not permitted") != std::string::npos);
    }
    // Root of a nested user namespace is nobody in the desk's network.
    const std::string inner_root = "/bin/busybox unshare -U -r ";
    for (const char* command : {"ip addr add 198.18.0.9/32 dev eth0", "ip link set eth0 down",
                                "ip route add 10.0.0.0/8 dev eth0"}) {
        CAPTURE(command);
        CHECK(jail.shell(spec.id, inner_root + command).find("not permitted") != std::string::npos);
    }
    CHECK(jail.call(spec.id, "nfnetlink") == "EPROTONOSUPPORT\nstatus 0\n");
    CHECK(!reaches(jail, spec, "192.168.50.2"));
    jail.stop(spec.id);
}

TEST_CASE("After desks and jail nothing is left on the host") {
    MadeUpInternet internet;
    const auto before = MadeUpInternet::inventory();
    {
        JailUnderTest jail;
        for (int round = 0; round < 2; ++round) {
            std::vector<jail::wire::Spec> specs;
            for (int i = 0; i < 3; ++i) specs.push_back(internet_spec(jail));
            for (const auto& spec : specs) jail.start(spec);
            CHECK(MadeUpInternet::inventory() != before);
            for (const auto& spec : specs) jail.stop(spec.id);
        }
        CHECK(find_resolver() > 0);
        CHECK(jail.end() == 0);
        CHECK(MadeUpInternet::inventory() == before);
        CHECK(find_resolver() == -1);
        CHECK(!std::filesystem::exists(path_of_locks()));
    }
}

TEST_CASE("A resolver that hangs hinders no end") {
    MadeUpInternet internet;
    const auto before = MadeUpInternet::inventory();
    JailUnderTest jail;
    const auto spec = internet_spec(jail);
    jail.start(spec);
    ::kill(find_resolver(), SIGSTOP);
    jail.stop(spec.id);
    CHECK(jail.end() == 0);
    CHECK(MadeUpInternet::inventory() == before);
    CHECK(find_resolver() == -1);
}

TEST_CASE("What desks share stays as long as a desk or another jail needs it") {
    MadeUpInternet internet;
    const auto before = MadeUpInternet::inventory();
    {
        JailUnderTest first;
        const auto spec = internet_spec(first);
        first.start(spec);
        const auto resolver = find_resolver();
        {
            JailUnderTest second;
            const auto other = internet_spec(second);
            second.start(other);
            CHECK(find_resolver() == resolver);
            CHECK(!reaches(first, spec, to_text(jail::network::cable_of(0).host)));
            CHECK(finds_names(second, other));
            second.stop(other.id);
        }
        CHECK(finds_names(first, spec));
        // Killed, and the next one finds its desk.
        first.restart();
        CHECK(first.ask(jail::wire::List{}).answer.find(spec.id) == "alive");
        CHECK(finds_names(first, spec));
        first.stop(spec.id);
    }
    CHECK(MadeUpInternet::inventory() == before);
}

TEST_CASE("A slot can be used again as soon as its desk is stopped") {
    MadeUpInternet internet;
    JailUnderTest jail;
    auto spec = internet_spec(jail);
    for (int round = 0; round < 5; ++round) {
        jail.start(spec);
        CHECK(reaches(jail, spec, "203.0.113.10"));
        jail.stop(spec.id);
        const auto slot = spec.slot;
        spec = internet_spec(jail);
        spec.slot = slot;
    }
}

TEST_CASE("A resolver that died is started again for the next desk") {
    MadeUpInternet internet;
    JailUnderTest jail;
    const auto spec = internet_spec(jail);
    jail.start(spec);
    const auto resolver = find_resolver();
    ::kill(resolver, SIGKILL);
    REQUIRE(test::eventually([] { return find_resolver() == -1; }));
    const auto next = internet_spec(jail);
    jail.start(next);
    CHECK(finds_names(jail, spec));
    for (const auto& one : {spec, next}) jail.stop(one.id);
}

TEST_CASE("A silent name server is passed over, forged answers too, and long ones come by TCP") {
    MadeUpInternet internet{{"203.0.113.54", "203.0.113.53"}};
    JailUnderTest jail;
    const auto spec = internet_spec(jail);
    jail.start(spec);
    using namespace std::string_literals;
    const auto answer = test::ask_name("web.test", false);
    REQUIRE(answer.size() == 42);
    CHECK(answer.starts_with("\x12\x34\x81\x80"s));
    CHECK(answer.ends_with("\xCB\0\x71\x0A"s));
    const auto cut = test::ask_name("big.test", false);
    CHECK(cut.starts_with("\x12\x34\x83\x80"s));
    CHECK(test::ask_name("big.test", true).size() > 1600);
    CHECK(test::ask_name("none.test", true).substr(2).starts_with("\x12\x34\x81\x83"s));
    jail.stop(spec.id);
}

TEST_CASE("Without any name server that answers, a question fails instead of hanging") {
    MadeUpInternet internet{{"203.0.113.99"}};
    JailUnderTest jail;
    const auto spec = internet_spec(jail);
    jail.start(spec);
    for (const bool over_tcp : {false, true}) {
        const auto answer = test::ask_name("web.test", over_tcp);
        REQUIRE(answer.size() >= 14);
        CHECK((answer[over_tcp ? 5 : 3] & 0x0F) == 2);
    }
    jail.stop(spec.id);
}
