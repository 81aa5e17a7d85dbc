// What the kernel counts for a user or for the whole host, memory limits or not: one desk takes all that it
// gets, and the host's root and another desk still get theirs.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "tests/privileged/jail_under_test.hpp"
#include "tests/privileged/probe_hold.hpp"

using namespace carrel;
using test::JailUnderTest;

namespace {

struct Counter {
    const char* what;
    unsigned long long most;  ///< that one desk gets
    const char* refusal;
    int asked;  ///< how many the host's root asks for: all there are, where a desk's could be among them
};

const Counter counters[] = {
    {"inotify", 1024, "EMFILE", 1 << 16},
    {"signals", test::limited_to(RLIMIT_SIGPENDING, 4096), "EAGAIN", 1 << 17},
    {"timers", test::limited_to(RLIMIT_SIGPENDING, 4096), "EAGAIN", 1 << 17},
    {"queues", test::limited_to(RLIMIT_MSGQUEUE, 819'200) / 90'000, "EMFILE", 1 << 10},
    {"ptys", 128, "ENOSPC", 300},
    {"files", test::limited_to(RLIMIT_NOFILE, 8192), "EMFILE", 10'000},
    {"locked", test::limited_to(RLIMIT_MEMLOCK, 8 << 20) / 4096, "EAGAIN", 4000}};

/// What the host's root gets, in a process of its own that ends with it.
unsigned long long held_by_root(const std::string& what, int most) {
    int ends[2];
    core::checked("pipe", ::pipe2(ends, O_CLOEXEC));
    const core::Fd read_end{ends[0]};
    core::Fd write_end{ends[1]};
    const pid_t child = core::checked("fork", ::fork());
    if (child == 0) {
        rlimit files;
        ::getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);
        const auto held = test::hold(what, most);
        (void)!::write(write_end.get(), held.data(), held.size());
        ::_exit(0);
    }
    write_end.reset();
    char buffer[64];
    const auto count = core::checked("read", ::read(read_end.get(), buffer, sizeof buffer));
    // What is queued for it goes when it is reaped.
    ::waitpid(child, nullptr, 0);
    const std::string_view text{buffer, static_cast<std::size_t>(count)};
    return core::parse_unsigned(text.substr(0, text.find(' '))).value_or(0);
}

}  // namespace

TEST_CASE("What one desk can hold of what the kernel counts is little, and nobody else has less for it") {
    JailUnderTest jail;
    const auto one = jail.spec();
    const auto two = jail.spec();
    jail.start(one);
    jail.start(two);
    for (const auto& [what, most, refusal, asked] : counters) {
        CAPTURE(what);
        const auto roots = held_by_root(what, asked);
        const auto held = jail.hold(one.id, what);
        CHECK(held.count <= most);
        CHECK(held.count >= most * 9 / 10);
        CHECK(held.refusal == refusal);
        CHECK(jail.hold(two.id, what).count >= most * 9 / 10);
        // Others of the host's root may take or leave some meanwhile.
        CHECK(held_by_root(what, asked) + most / 2 >= roots);
    }
}

TEST_CASE("A lock on a device stops nobody outside its desk, and nobody sees who else uses it") {
    JailUnderTest jail;
    const auto one = jail.spec();
    const auto two = jail.spec();
    jail.start(one);
    jail.start(two);
    for (const char* name : {"full", "null", "random", "tty", "urandom", "zero"}) {
        CAPTURE(name);
        struct stat hosts;
        const auto path = fmt::format("/dev/{}", name);
        REQUIRE(::stat(path.c_str(), &hosts) == 0);
        const auto describe = fmt::format("stat -c '%d %i %t:%T %a %U' {}", path);
        const auto seen = jail.shell(one.id, describe);
        CHECK(seen != jail.shell(two.id, describe));
        CHECK(!seen.starts_with(fmt::format("{} ", hosts.st_dev)));
        CHECK(seen.find(fmt::format(" {:x}:{:x} 666 root\n", major(hosts.st_rdev), minor(hosts.st_rdev))) !=
              std::string::npos);
        CHECK(jail.hold(one.id, "lock " + path).refusal == "enough");
    }
    const auto held = jail.hold(one.id, "lock /dev/zero");
    CHECK(held.count == 1);
    CHECK(jail.hold(one.id, "lock /dev/zero").refusal == "EAGAIN");
    CHECK(jail.hold(two.id, "lock /dev/zero").refusal == "enough");
    CHECK(held_by_root("lock /dev/zero", 1) == 1);
    CHECK(jail.shell(two.id,
                     "head -c 4 /dev/zero | wc -c; echo x > /dev/null && head -c 9 /dev/urandom | wc -c") ==
          "4\n9\nstatus 0\n");
}

TEST_CASE("Buffers of sockets that nobody reads are bounded beside the memory limit, or within it") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    jail.start(spec);
    const auto used = [&] { return jail.ask(jail::wire::Usage{spec.id}).answer.get_number("memory"); };
    const auto before = used();
    const auto held = jail.hold(spec.id, "udp");
    CHECK(used() <= spec.limits.memory);
    // On v1 they are not among the memory of the group, but have a number of their own.
    auto buffers = used() - before;
    const auto identity = core::read_file(fmt::format("{}/desks/{}/identity.json", jail.data(), spec.id));
    for (const auto tree : core::split(identity, ' ')) {
        const auto folder = tree.substr(std::min(tree.find(":/"), tree.size() - 1) + 1);
        const auto file = fmt::format("{}/{}/memory.kmem.tcp.usage_in_bytes",
                                      folder.substr(0, folder.find_first_of("\",")), spec.id);
        if (const auto text = core::find_file_text(file)) {
            buffers = core::parse_unsigned(core::trim(*text)).value_or(0);
            CHECK(buffers <= spec.limits.memory / 8 + (1 << 20));
        }
    }
    CHECK(buffers > 1 << 20);
}
