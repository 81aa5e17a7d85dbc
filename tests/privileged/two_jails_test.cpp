// Two servers on one host, each with its data directory: nothing that has a name or a number is shared by
// accident.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "tests/privileged/jail_under_test.hpp"
#include "tests/privileged/made_up_internet.hpp"

using namespace carrel;
using test::JailUnderTest;
using test::MadeUpInternet;
namespace fs = std::filesystem;

namespace {

/// Two desks of a jail: without network, and with internet.
struct Pair {
    explicit Pair(JailUnderTest& owner) : jail{owner}, specs{owner.spec(), owner.spec()} {
        specs[1].network = jail::wire::Network::internet;
        for (const auto& spec : specs) ranges.insert(jail.start(spec).answer.get_number("uid_base"));
    }
    void check_life() const {
        for (const auto& spec : specs) {
            CHECK(jail.ask(jail::wire::Adopt{spec.id}).answer.find("id") == spec.id);
            CHECK(jail.shell(spec.id, "echo here") == "here\nstatus 0\n");
        }
        CHECK(jail.shell(specs[1].id, R"(printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 5 203.0.113.10 80)")
                  .find("203.0.113.10 for 203.0.113.2") != std::string::npos);
        CHECK(jail.shell(specs[1].id, "/bin/busybox nslookup -type=a web.test").find("203.0.113.10") !=
              std::string::npos);
    }
    void stop() const {
        for (const auto& spec : specs) jail.stop(spec.id);
    }

    JailUnderTest& jail;
    std::vector<jail::wire::Spec> specs;
    std::set<std::uint64_t> ranges;
};

std::set<std::string> claims() {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator{"/run/carrel-ranges"})
        names.insert(entry.path().filename().string());
    return names;
}

bool is_claimed(std::uint64_t first_id) { return claims().contains(std::to_string(first_id / 65536)); }

}  // namespace

TEST_CASE(
    "Two servers with the same slots and base meet neither while they run nor when one restarts or goes") {
    MadeUpInternet internet;
    JailUnderTest first;
    const Pair ours{first};
    std::set<std::uint64_t> theirs_were;
    {
        JailUnderTest second;
        const Pair theirs{second};
        theirs_were = theirs.ranges;
        auto all = ours.ranges;
        all.insert(theirs.ranges.begin(), theirs.ranges.end());
        CHECK(all.size() == 4);
        ours.check_life();
        theirs.check_life();

        // Killed: the next desks of the other take nothing of what lives on.
        ::kill(second.pid(), SIGKILL);
        const Pair more{first};
        for (const auto range : more.ranges) CHECK(!all.contains(range));
        second.restart();
        for (const auto* pair : {&ours, &theirs, &more}) pair->check_life();
        more.stop();
        theirs.stop();
        CHECK(second.end() == 0);
        ours.check_life();
    }
    // Its directory is gone, too.
    ours.check_life();
    for (const auto range : theirs_were) CHECK(!is_claimed(range));
    for (const auto range : ours.ranges) CHECK(is_claimed(range));
    ours.stop();
    for (const auto range : ours.ranges) CHECK(!is_claimed(range));
}

TEST_CASE("A desk from before ranges were claimed is adopted, and nobody else gets its ids") {
    JailUnderTest first;
    const auto spec = first.spec();
    const auto range = first.start(spec).answer.get_number("uid_base");
    fs::remove("/run/carrel-ranges/" + std::to_string(range / 65536));
    JailUnderTest second;
    const auto other = second.spec();
    CHECK(second.start(other).answer.get_number("uid_base") != range);
    first.restart();
    CHECK(first.ask(jail::wire::Adopt{spec.id}).answer.get_number("uid_base") == range);
    CHECK(is_claimed(range));
    first.stop(spec.id);
    second.stop(other.id);
}

TEST_CASE("Many desks that are started by two servers at once all get ranges of their own") {
    JailUnderTest first, second;
    std::set<std::uint64_t> ranges;
    std::vector<jail::wire::Spec> specs;
    for (int i = 0; i < 10; ++i) {
        specs.push_back(i % 2 == 0 ? first.spec() : second.spec());
        (i % 2 == 0 ? first : second).send(jail::wire::Start{specs.back()});
    }
    for (int i = 0; i < 10; ++i)
        ranges.insert((i % 2 == 0 ? first : second).receive().answer.get_number("uid_base"));
    CHECK(ranges.size() == 10);
    for (int i = 0; i < 10; ++i) (i % 2 == 0 ? first : second).stop(specs[static_cast<std::size_t>(i)].id);
}
