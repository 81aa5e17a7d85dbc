#include "session/idleness.hpp"

#include <doctest/doctest.h>

#include "session/uses.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using session::reasons_of;
using session::Signs;
using session::work_between;

namespace {

fleet::Usage usage(std::chrono::microseconds processor, std::uint64_t disk, std::uint64_t received,
                   std::uint64_t sent) {
    return {.memory = {},
            .processes = {},
            .processor_time = processor,
            .disk = disk,
            .received = received,
            .sent = sent};
}

std::vector<std::string> lines(std::initializer_list<std::string> list) { return list; }

}  // namespace

TEST_CASE("work is what was used between two looks, by the time between them") {
    const auto work = work_between(usage(1s, 1000, 10, 20), usage(3s, 5000, 110, 220), 4s);
    CHECK(work.cores == doctest::Approx(0.5));
    CHECK(work.disk_bytes_per_second == doctest::Approx(1000));
    CHECK(work.network_bytes_per_second == doctest::Approx(75));
}

TEST_CASE("what a host does not count, or counts anew, is no work") {
    const auto unknown = work_between({}, usage(3s, 5000, 110, 220), 1s);
    CHECK(unknown.cores == 0);
    CHECK(unknown.disk_bytes_per_second == 0);
    const auto removed = work_between(usage(3s, 5000, 110, 220), usage(1s, 0, 0, 0), 1s);
    CHECK(removed.cores == 0);
    CHECK(removed.disk_bytes_per_second == 0);
    CHECK(removed.network_bytes_per_second == 0);
    CHECK(work_between(usage(1s, 0, 0, 0), usage(2s, 0, 0, 0), 0s).cores == 0);
}

TEST_CASE("each sign of use or work is a sentence, and little work is none") {
    CHECK(reasons_of({.viewers = {}, .work = {}, .process = {}}).empty());
    CHECK(reasons_of({.viewers = {}, .work = session::idle_work, .process = {}}).empty());
    CHECK(reasons_of({.viewers = {.watching = 1}, .uses = 1, .work = {}, .process = {}}) ==
          lines({"1 viewer"}));
    CHECK(reasons_of({.viewers = {.watching = 1, .in_control = 1},
                      .uses = 3,
                      .has_turn = true,
                      .work = {},
                      .process = {}}) ==
          lines({"the agent is at work", "2 viewers", "1 call, stream or transfer that is open"}));
    const session::Work much{
        .cores = 0.34, .network_bytes_per_second = 1 << 20, .disk_bytes_per_second = 1 << 20};
    CHECK(reasons_of({.viewers = {}, .work = much, .process = session::BusyProcess{812, "npm", 0.34}}) ==
          lines({"pid 812 npm: 34 % of a core", "network: 1024 KiB/s", "disk: 1024 KiB/s"}));
    // What no process of the list explains.
    CHECK(reasons_of({.viewers = {}, .work = {.cores = 0.34}, .process = {}}) ==
          lines({"its programs: 34 % of a core"}));
}

TEST_CASE("a desk counts as used as long as somebody holds on to it, and its end is its last use") {
    session::Uses uses;
    CHECK(uses.count("s1") == 0);
    CHECK(uses.last("s1") == session::Uses::Time{});
    auto first = uses.enter("s1");
    auto second = uses.enter("s1");
    CHECK(uses.count("s1") == 2);
    const auto begun = uses.last("s1");
    first.reset();
    uses.forget("s1");  // somebody still uses it
    CHECK(uses.count("s1") == 1);
    second.reset();
    CHECK(uses.count("s1") == 0);
    CHECK(uses.last("s1") >= begun);
    uses.forget("s1");
    CHECK(uses.last("s1") == session::Uses::Time{});
}
