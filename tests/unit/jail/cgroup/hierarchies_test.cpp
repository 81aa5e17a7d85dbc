#include "jail/cgroup/hierarchies.hpp"

#include <doctest/doctest.h>

using namespace carrel::jail::cgroup;

namespace {

constexpr const char* hybrid_mounts =
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "37 31 0:34 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer\n"
    "39 31 0:36 / /sys/fs/cgroup/pids rw,relatime shared:9 - cgroup cgroup rw,pids\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
constexpr const char* v1_groups = "8:pids:/\n6:freezer:/\n4:memory:/user.slice\n1:cpu,cpuacct:/\n";
constexpr const char* v2_mount = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

}  // namespace

TEST_CASE("The trees of groups are found on every kind of host") {
    struct Case {
        const char* name;
        std::string groups;
        std::string mounts;
        std::string controllers;
        std::string expected;
    };
    const std::string without_v2{
        std::string_view{hybrid_mounts}.substr(0, std::string_view{hybrid_mounts}.rfind("41 "))};
    const Case cases[] = {
        {"v2", "0::/system.slice/carrel.service\n", v2_mount, "cpuset cpu io memory pids\n",
         "2mcpf:/sys/fs/cgroup/system.slice/carrel.service"},
        {"v2 at the top", "0::/\n", v2_mount, "cpu memory pids", "2mcpf:/sys/fs/cgroup"},
        {"v2 without controllers", "0::/a\n", v2_mount, "", "2f:/sys/fs/cgroup/a"},
        {"hybrid", std::string{v1_groups} + "0::/\n", hybrid_mounts, "hugetlb\n",
         "2f:/sys/fs/cgroup/unified 1m:/sys/fs/cgroup/memory/user.slice 1c:/sys/fs/cgroup/cpu,cpuacct "
         "1p:/sys/fs/cgroup/pids"},
        {"v1", v1_groups, without_v2, "",
         "1m:/sys/fs/cgroup/memory/user.slice 1c:/sys/fs/cgroup/cpu,cpuacct 1p:/sys/fs/cgroup/pids "
         "1f:/sys/fs/cgroup/freezer"},
        {"v1, all in one tree", "1:cpu,memory,pids,freezer:/a\n",
         "1 2 0:3 / /cg rw - cgroup x rw,cpu,memory,pids,freezer\n", "", "1mcpf:/cg/a"},
        {"a container that sees its own group as the mount's root", "4:memory:/docker/abc/x\n",
         "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n", "",
         "1m:/sys/fs/cgroup/memory/x"},
        {"a container whose group is outside of what is mounted", "4:memory:/docker/abcd\n",
         "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n", "",
         "1m:/sys/fs/cgroup/memory"},
        {"none", "", "22 27 0:21 / /proc rw,relatime - proc proc rw\n", "", ""},
        {"nonsense", "::\n:\nx", "a b c\n - \n - cgroup2\n", "", ""},
    };
    for (const auto& [name, groups, mounts, controllers, expected] : cases) {
        CAPTURE(name);
        const auto found = find_hierarchies(groups, mounts, controllers);
        CHECK(format_hierarchies(found) == expected);
        CHECK(parse_hierarchies(expected) == found);
    }
}

TEST_CASE("Hierarchies that cannot be understood are left out") {
    CHECK(parse_hierarchies("").empty());
    CHECK(parse_hierarchies("x :/a 2f").empty());
}
