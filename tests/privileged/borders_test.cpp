// What a desk's borders are made of, read back from inside: mounts with their options, limits of processes,
// numbers of its namespace.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <vector>

#include "core/text.hpp"
#include "tests/privileged/jail_under_test.hpp"

using namespace carrel;
using test::JailUnderTest;

namespace {

struct Mount {
    std::string type;
    std::string options;  ///< sorted, of the mount itself, without those about times
};

/// The desk's mounts by place (proc_pid_mountinfo(5)).
std::map<std::string, Mount> mounts_of(JailUnderTest& jail, const std::string& id) {
    std::map<std::string, Mount> mounts;
    const auto text = jail.shell(id, "cat /proc/self/mountinfo");
    for (const auto line : core::split(text, '\n')) {
        const auto words = core::split(line, ' ');
        const auto dash = std::ranges::find(words, "-");
        if (words.size() < 9 || dash == words.end()) continue;
        auto options = core::split(words[5], ',');
        std::ranges::sort(options);
        std::string kept;
        for (const auto option : options)
            if (option != "rw" && !option.ends_with("time")) kept += fmt::format("{} ", option);
        mounts[std::string{words[4]}] = {std::string{dash[1]}, kept};
    }
    return mounts;
}

}  // namespace

TEST_CASE("Every mount of a desk forbids what nothing there needs") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    jail.start(spec);
    auto mounts = mounts_of(jail, spec.id);
    const std::map<std::string, Mount> expected{
        {"/", {"overlay", "nodev nosuid "}},         {"/dev", {"tmpfs", "noexec nosuid "}},
        {"/dev/pts", {"devpts", "noexec nosuid "}},  {"/dev/shm", {"tmpfs", "nodev noexec nosuid "}},
        {"/proc", {"proc", "nodev noexec nosuid "}}, {"/proc/sys", {"proc", "nodev noexec nosuid ro "}},
        {"/run", {"tmpfs", "nodev nosuid "}},        {"/sys", {"sysfs", "nodev noexec nosuid ro "}},
        {"/tmp", {"tmpfs", "nodev nosuid "}}};
    for (const auto& [place, mount] : expected) {
        CAPTURE(place);
        CHECK(mounts[place].type == mount.type);
        CHECK(mounts[place].options == mount.options);
        mounts.erase(place);
    }
    // What else there is hides something: an empty folder, or the desk's /dev/null.
    for (const auto& [place, mount] : mounts) {
        CAPTURE(place);
        CHECK((place.starts_with("/proc/") || place.starts_with("/sys/")));
        CHECK(mount.type == "tmpfs");
        CHECK((mount.options == "nodev noexec nosuid ro " || mount.options == "noexec nosuid "));
    }
}

TEST_CASE("What the kernel tells of the host is not told in a desk") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    jail.start(spec);
    for (const char* path : {"/proc/kcore", "/proc/kallsyms", "/proc/keys", "/proc/timer_list",
                             "/proc/interrupts", "/proc/modules", "/proc/diskstats", "/proc/cmdline",
                             "/proc/slabinfo", "/proc/sysrq-trigger", "/proc/iomem"}) {
        if (!std::filesystem::exists(path)) continue;
        CAPTURE(path);
        CHECK(jail.shell(spec.id, fmt::format("cat {} | wc -c", path)) == "0\nstatus 0\n");
    }
    for (const char* path :
         {"/sys/firmware", "/sys/kernel", "/sys/module", "/proc/fs", "/proc/bus", "/proc/irq"}) {
        if (!std::filesystem::exists(path)) continue;
        CAPTURE(path);
        CHECK(jail.shell(spec.id, fmt::format("ls -A {}", path)) == "status 0\n");
    }
    CHECK(jail.call(spec.id, "sysctl in sandbox") == "EROFS\nstatus 0\n");
    // What programs do need is there.
    CHECK(jail.shell(spec.id,
                     "grep -c ^processor /proc/cpuinfo | grep -vx 0 >/dev/null && grep -q MemTotal "
                     "/proc/meminfo && ls /sys/class/net") == "lo\nstatus 0\n");
}

TEST_CASE("Limits of a desk's processes are what the plan says") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    jail.start(spec);
    const auto text = jail.shell(spec.id, "cat /proc/self/limits");
    struct Limit {
        std::string_view name;
        int resource;
        unsigned long long most;
    };
    const Limit expected[] = {
        {"Max core file size", RLIMIT_CORE, 1},         {"Max open files", RLIMIT_NOFILE, 8192},
        {"Max processes", RLIMIT_NPROC, 1048640},       {"Max pending signals", RLIMIT_SIGPENDING, 4096},
        {"Max msgqueue size", RLIMIT_MSGQUEUE, 819200}, {"Max locked memory", RLIMIT_MEMLOCK, 8388608},
        {"Max nice priority", RLIMIT_NICE, 0},          {"Max realtime priority", RLIMIT_RTPRIO, 0}};
    for (const auto& [name, resource, most] : expected) {
        CAPTURE(name);
        const auto at = text.find(name);
        REQUIRE(at != std::string::npos);
        const auto line = std::string_view{text}.substr(at, text.find('\n', at) - at).substr(name.size());
        std::string found;
        for (const auto word : core::split(line, ' '))
            if (core::parse_unsigned(word)) found += (found.empty() ? "" : " ") + std::string{word};
        CHECK(found == fmt::format("{0} {0}", test::limited_to(resource, most)));
    }
    CHECK(jail.shell(spec.id, "cat /proc/1/oom_score_adj /proc/self/oom_score_adj") ==
          "300\n300\nstatus 0\n");
}

TEST_CASE("A desk's user namespace may hold what its programs need of each kind") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    jail.start(spec);
    const std::pair<const char*, const char*> expected[] = {
        {"user_namespaces", "256"},    {"pid_namespaces", "256"}, {"net_namespaces", "32"},
        {"mnt_namespaces", "0"},       {"ipc_namespaces", "0"},   {"uts_namespaces", "0"},
        {"cgroup_namespaces", "0"},    {"time_namespaces", "0"},  {"inotify_instances", "1024"},
        {"inotify_watches", "262144"}, {"fanotify_groups", "0"},  {"fanotify_marks", "0"}};
    for (const auto& [kind, most] : expected) {
        CAPTURE(kind);
        CHECK(jail.shell(spec.id, fmt::format("cat /proc/sys/user/max_{}", kind)) ==
              fmt::format("{}\nstatus 0\n", most));
    }
}
