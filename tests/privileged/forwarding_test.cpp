// A host that is no router becomes none by having desks: it passes on what is theirs, and nothing of others'.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "tests/privileged/jail_under_test.hpp"
#include "tests/privileged/made_up_internet.hpp"

using namespace carrel;
using test::JailUnderTest;
using test::MadeUpInternet;
using test::run_command;

namespace {

/// A second network behind the host, 10.77.0.0/24, in which one machine is, 10.77.0.2.
class OtherNetwork {
public:
    explicit OtherNetwork(const MadeUpInternet& internet)
        : machine_{static_cast<pid_t>(
              core::parse_unsigned(
                  core::trim(run_command("unshare -n sleep 1000 </dev/null >/dev/null 2>&1 & echo $!")))
                  .value_or(0))} {
        REQUIRE(machine_ > 0);
        REQUIRE(test::eventually([&] { return inside("readlink /proc/self/ns/net") != here(); }));
        run_command(fmt::format("ip link add h2 type veth peer name o2 netns {}", machine_));
        run_command("ip addr add 10.77.0.1/24 dev h2 && ip link set h2 up");
        inside("ip addr add 10.77.0.2/24 dev o2 && ip link set o2 up && ip route add default via 10.77.0.1");
        internet.in_world("ip route add 10.77.0.0/24 via 203.0.113.2");
    }
    ~OtherNetwork() { ::kill(machine_, SIGKILL); }
    OtherNetwork(const OtherNetwork&) = delete;
    OtherNetwork& operator=(const OtherNetwork&) = delete;

    std::string inside(const std::string& command) const {
        return run_command(fmt::format("nsenter -t {} -n sh -c '{}'", machine_, command));
    }

private:
    static std::string here() { return run_command("readlink /proc/self/ns/net"); }
    pid_t machine_;
};

std::string pinging(const std::string& address) {
    return fmt::format("busybox ping -c 1 -W 1 {} || true", address);
}
bool has_answer(const std::string& text) { return text.find("1 packets received") != std::string::npos; }

std::string value_of(const std::string& name) {
    return std::string{core::trim(core::read_file("/proc/sys/net/ipv4/" + name))};
}

/// By no interface: a write that changes the switch is one to each of them.
void forward_nothing() {
    for (const char* value : {"1", "0"}) core::write_existing("/proc/sys/net/ipv4/ip_forward", value);
}

bool reaches_web(JailUnderTest& jail, const jail::wire::Spec& spec) {
    return jail.shell(spec.id, R"(printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 5 203.0.113.10 80)")
               .find(" for ") != std::string::npos;
}

jail::wire::Spec internet_spec(JailUnderTest& jail) {
    auto spec = jail.spec();
    spec.network = jail::wire::Network::internet;
    return spec;
}

}  // namespace

TEST_CASE("A host that forwards nothing forwards for its desks only, and afterwards nothing again") {
    MadeUpInternet internet;
    forward_nothing();
    const OtherNetwork other{internet};
    REQUIRE(has_answer(run_command(pinging("10.77.0.2"))));
    JailUnderTest first, second;
    const auto spec = internet_spec(first), beside = internet_spec(second);
    first.start(spec);
    second.start(beside);
    CHECK(reaches_web(first, spec));
    CHECK(reaches_web(second, beside));
    CHECK(value_of("ip_forward") == "0");
    CHECK(!has_answer(internet.in_world(pinging("10.77.0.2"))));
    CHECK(!has_answer(other.inside(pinging("203.0.113.10"))));
    CHECK(has_answer(run_command(pinging("10.77.0.2"))));

    // One of two goes: the other's desk keeps what it needs.
    second.stop(beside.id);
    CHECK(second.end() == 0);
    CHECK(reaches_web(first, spec));
    first.restart();
    CHECK(reaches_web(first, spec));
    first.stop(spec.id);
    CHECK(first.end() == 0);
    for (const char* interface : {"h0", "h1", "h2"})
        CHECK(value_of(fmt::format("conf/{}/forwarding", interface)) == "0");
}

TEST_CASE("Forwarding that somebody takes away is put back for all desks by the next start") {
    MadeUpInternet internet;
    forward_nothing();
    JailUnderTest jail;
    const auto spec = internet_spec(jail), next = internet_spec(jail);
    jail.start(spec);
    forward_nothing();
    CHECK(!reaches_web(jail, spec));
    jail.start(next);
    for (const auto& one : {spec, next}) {
        CHECK(reaches_web(jail, one));
        jail.stop(one.id);
    }
}

TEST_CASE("On a router strangers' packets pass as before, and it stays one") {
    MadeUpInternet internet;
    forward_nothing();
    const OtherNetwork other{internet};
    JailUnderTest jail;
    const auto spec = internet_spec(jail), next = internet_spec(jail);
    jail.start(spec);
    // Such as by Docker, when it starts.
    core::write_existing("/proc/sys/net/ipv4/ip_forward", "1");
    jail.start(next);
    CHECK(has_answer(internet.in_world(pinging("10.77.0.2"))));
    CHECK(has_answer(other.inside(pinging("203.0.113.10"))));
    for (const auto& one : {spec, next}) {
        CHECK(reaches_web(jail, one));
        jail.stop(one.id);
    }
    CHECK(jail.end() == 0);
    CHECK(value_of("ip_forward") == "1");
    CHECK(value_of("conf/h0/forwarding") == "1");
}
