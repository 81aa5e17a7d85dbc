#include "jail/plan/bounds.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

using namespace carrel::jail::plan;
namespace cgroup = carrel::jail::cgroup;
namespace wire = carrel::jail::wire;

namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

wire::Limits limits_of(std::uint64_t memory, std::uint32_t cpu) {
    return {.memory = memory, .cpu = cpu, .processes = 100};
}

/// "FILE=VALUE;" of each setting, and the warning after a '!'.
std::string settings_as_text(const cgroup::Hierarchy& tree, const wire::Limits& limits,
                             const HostFacts& facts) {
    std::string text;
    for (const auto& [file, value, without] : group_settings(tree, "/g", limits, facts))
        text += fmt::format("{}={}{}{};", file.substr(3), value, without.empty() ? "" : "!", without);
    return text;
}

std::uint64_t limit_called(std::string_view name, const wire::Limits& limits, const HostFacts& facts) {
    const auto all = resource_limits(limits, facts);
    const auto found = std::ranges::find(all, name, &step::ResourceLimit::name);
    REQUIRE(found != all.end());
    return found->most;
}

}  // namespace

TEST_CASE("A desk never gets more than nine tenths of the processors there are, and is told so") {
    HostFacts facts{};
    facts.hierarchies = {{.folder = "/g", .cpu = true}};
    struct Case {
        unsigned processors;
        std::uint32_t asked;
        std::uint32_t given;
    };
    for (const auto& [processors, asked, given] :
         {Case{1, 200, 90}, Case{2, 200, 180}, Case{4, 200, 200}, Case{2, 50, 50}, Case{64, 102400, 5760}}) {
        CAPTURE(processors);
        facts.processors = processors;
        const auto limits = limits_of(64 * mebibyte, asked);
        CHECK(settings_as_text({.folder = "/g", .cpu = true}, limits, facts) ==
              fmt::format(
                  "cpu.cfs_period_us=100000;cpu.cfs_quota_us={0}!no processor limit;cpu.cfs_burst_us={0};",
                  given * 1000));
        CHECK(settings_as_text({.folder = "/g", .is_v2 = true, .cpu = true}, limits, facts) ==
              fmt::format("cpu.max={0} 100000!no processor limit;cpu.max.burst={0};", given * 1000));
        CHECK(std::ranges::count(told_limits(limits, facts), fmt::format("CARREL_CPU={}", given)) == 1);
    }
}

TEST_CASE("On v1 buffers of sockets have a limit of their own, and swap is spoken of where there is some") {
    HostFacts facts{};
    const cgroup::Hierarchy v1{.folder = "/g", .memory = true};
    const cgroup::Hierarchy v2{.folder = "/g", .is_v2 = true, .memory = true};
    const auto small = limits_of(128 * mebibyte, 100);
    CHECK(settings_as_text(v1, small, facts) ==
          "memory.limit_in_bytes=134217728!no memory limit;memory.memsw.limit_in_bytes=134217728;"
          "memory.kmem.tcp.limit_in_bytes=16777216!buffers of sockets are outside the memory limit;");
    CHECK(settings_as_text(v2, small, facts) == "memory.max=134217728!no memory limit;memory.swap.max=0;");
    CHECK(settings_as_text(v1, limits_of(4096 * mebibyte, 100), facts)
              .contains("kmem.tcp.limit_in_bytes=67108864!"));
    facts.has_swap = true;
    for (const auto& tree : {v1, v2})
        CHECK(settings_as_text(tree, small, facts).contains("!the desk may swap beyond its memory limit;"));
}

TEST_CASE("Processes have few descriptors where the host's table of files has an end") {
    HostFacts facts{};
    const auto limits = limits_of(64 * mebibyte, 100);
    CHECK(limit_called("nofile", limits, facts) == 1024);
    facts.most_files = 8192;
    CHECK(limit_called("nofile", limits, facts) == 8192);
}

TEST_CASE(
    "Where a group counts processes, it is met before the limit of the user, whatever it is changed to") {
    HostFacts facts{};
    const auto limits = limits_of(64 * mebibyte, 100);
    CHECK(limit_called("nproc", limits, facts) == 100);
    facts.hierarchies = {{.folder = "/g", .processes = true}};
    CHECK(limit_called("nproc", limits, facts) > wire::most_processes);
}
