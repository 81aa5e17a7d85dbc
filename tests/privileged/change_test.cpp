// A desk that runs is made otherwise: its limits, and its network taken away.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <net/if.h>
#include <signal.h>

#include "core/id.hpp"
#include "core/sys.hpp"
#include "tests/privileged/jail_under_test.hpp"
#include "tests/privileged/made_up_internet.hpp"
#include "tests/privileged/networked_desk.hpp"

using namespace carrel;
using jail::wire::Change;
using jail::wire::Network;
using test::JailUnderTest;

namespace {

std::optional<core::Error> change(JailUnderTest& jail, const std::string& id, jail::wire::Limits limits) {
    return jail.ask(Change{id, limits, {}}).answer.error;
}

}  // namespace

TEST_CASE("A running desk, frozen or not, gets more memory and processes, and less again") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    jail.start(spec);
    const auto& first = spec.limits;
    const jail::wire::Limits larger{.memory = 2 * first.memory, .cpu = 30, .processes = 300};
    CHECK(jail.fill_memory(spec.id, 180) == "137\nstatus 0\n");
    const auto start_150 = "for i in $(seq 150); do sleep 100 & done >/dev/null 2>&1; echo $?";
    CHECK(jail.shell(spec.id, start_150) != "0\nstatus 0\n");

    CHECK(!jail.ask(jail::wire::Freeze{spec.id}).answer.error);
    const auto answer = jail.ask(Change{spec.id, larger, {}}).answer;
    CHECK(!answer.error);
    CHECK(answer.find("warning") == std::nullopt);
    CHECK(!jail.ask(jail::wire::Thaw{spec.id}).answer.error);
    CHECK(jail.fill_memory(spec.id, 180) == "0\nstatus 0\n");
    CHECK(jail.shell(spec.id, start_150) == "0\nstatus 0\n");

    // It holds more than that, and nothing of it dies.
    const auto refused = change(jail, spec.id, first);
    REQUIRE(refused);
    CHECK(refused->code() == core::Code::conflict);
    CHECK(refused->message().contains("more than the 134217728 that it shall have"));
    CHECK(jail.shell(spec.id, "ls /dev/shm") == "big\nstatus 0\n");
    CHECK(jail.shell(spec.id, "rm /dev/shm/big") == "status 0\n");
    CHECK(!change(jail, spec.id, first));
    // Those that are there stay.
    CHECK(jail.shell(spec.id, "sleep 1 & echo $?") != "0\nstatus 0\n");
}

TEST_CASE("A desk gets less and more processor time while it runs") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    jail.start(spec);
    auto limits = spec.limits;
    for (const std::uint32_t percent : {20U, 150U, 5U, 50U}) {
        limits.cpu = percent;
        const auto answer = jail.ask(Change{spec.id, limits, {}}).answer;
        CHECK(!answer.error);
        CHECK(answer.find("warning") == std::nullopt);
    }
}

TEST_CASE("What is no living desk of this jail cannot be changed") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    const auto started = jail.start(spec);
    CHECK(change(jail, core::make_id("desk_"), spec.limits)->code() == core::Code::not_found);
    ::kill(static_cast<pid_t>(started.answer.get_number("pid")), SIGKILL);
    REQUIRE(test::is_readable(started.process, test::patience));
    CHECK(change(jail, spec.id, spec.limits)->message() == "the desk has ended");
}

TEST_CASE("The network of a running desk can be taken away, for good and over a restart, but not given") {
    const test::MadeUpInternet internet;
    JailUnderTest jail;
    test::NetworkedDesk desk{jail};
    const auto& id = desk.spec.id;
    CHECK(desk.reaches_web());
    // What the web server says is some bytes, and asking it too.
    const auto used = jail.ask(jail::wire::Usage{id}).answer;
    CHECK(used.get_number("received") > 0);
    CHECK(used.get_number("sent") > 0);
    // What it has is no change.
    CHECK(!jail.ask(Change{id, {}, Network::internet}).answer.error);
    CHECK(desk.reaches_web());
    for (int time = 0; time < 2; ++time) {
        CHECK(!jail.ask(Change{id, {}, Network::none}).answer.error);
        CHECK(jail.shell(id, "ls /sys/class/net") == "lo\nstatus 0\n");
        CHECK(::if_nametoindex(desk.cable.interface.c_str()) == 0);
    }
    CHECK(!desk.reaches_web());
    CHECK(jail.ask(jail::wire::Usage{id}).answer.find("sent") == std::nullopt);
    // Its own rules are still there.
    CHECK(desk.as_root("nft list tables").contains("table inet desk"));
    const auto refused = jail.ask(Change{id, {}, Network::internet}).answer.error;
    REQUIRE(refused);
    CHECK(refused->code() == core::Code::conflict);
    CHECK(refused->message().contains("was made without a network"));
    jail.restart();
    CHECK(jail.ask(jail::wire::Adopt{id}).answer.find("network") == "none");
    CHECK(jail.ask(Change{id, {}, Network::internet}).answer.error);
    desk.stop();
    // The slot's next desk has a cable again.
    auto next = jail.spec();
    next.slot = desk.spec.slot;
    next.network = Network::internet;
    jail.start(next);
    CHECK(jail.shell(next.id, "ls /sys/class/net") == "eth0\nlo\nstatus 0\n");
}
