// What a desk may write (jail/disks).
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/error.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "tests/privileged/jail_under_test.hpp"

using namespace carrel;
using test::JailUnderTest;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

jail::wire::Spec spec_of(JailUnderTest& jail, std::uint64_t disk) {
    auto spec = jail.spec();
    spec.limits.disk = disk;
    return spec;
}

/// Loop devices with a file in `data`'s file system that has no name: other servers of this host have some,
/// too, so only differences say anything.
std::size_t count_loops() {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator{"/sys/block"})
        count += fs::exists(entry.path() / "loop/backing_file");
    return count;
}

std::size_t count_mounts(JailUnderTest& jail) {
    const auto mounts = core::read_file(fmt::format("/proc/{}/mountinfo", jail.pid()));
    return static_cast<std::size_t>(std::ranges::count(mounts, '\n'));
}

std::uint64_t written(JailUnderTest& jail, const std::string& id) {
    const auto reply = jail.ask(jail::wire::Usage{id});
    return core::parse_unsigned(reply.answer.find("disk").value_or("")).value_or(0);
}

std::string fill(JailUnderTest& jail, const std::string& id, const std::string& file) {
    return jail.shell(id,
                      "dd if=/dev/zero of=" + file + " bs=1048576 count=400 2>&1; stat -c 'size %s' " + file);
}

std::uint64_t size_in(const std::string& said) {
    const auto at = said.find("size ");
    if (at == std::string::npos) return 0;
    const auto rest = std::string_view{said}.substr(at + 5);
    return core::parse_unsigned(core::trim(rest.substr(0, rest.find('\n')))).value_or(0);
}

std::string warnings_of(const test::Reply& reply) {
    std::string text;
    for (const auto& [key, value] : reply.answer.fields)
        if (key == "warning") text += value + "\n";
    return text;
}

}  // namespace

TEST_CASE("A desk writes as much as it may and no more; it is told of, and others write on") {
    JailUnderTest jail;
    const auto spec = spec_of(jail, 64 * mebibyte);
    const auto other = spec_of(jail, 64 * mebibyte);
    const auto desk = jail.start(spec);
    jail.start(other);
    CHECK(warnings_of(desk) == "");
    CHECK(desk.answer.find("disk_watch") == "eventfd");
    CHECK(!test::is_readable(desk.disk, std::chrono::milliseconds{0}));
    const auto said = fill(jail, spec.id, "/home/agent/big");
    CHECK(said.contains("No space left on device"));
    CHECK(size_in(said) >= 62 * mebibyte);
    CHECK(size_in(said) <= 72 * mebibyte);
    CHECK(test::is_readable(desk.disk, test::patience));
    CHECK(written(jail, spec.id) >= 60 * mebibyte);
    CHECK(jail.shell(other.id, "echo fine > /home/agent/own && cat /home/agent/own") == "fine\nstatus 0\n");
    CHECK(jail.shell(spec.id, "rm /home/agent/big && echo fine > /home/agent/own && cat /home/agent/own") ==
          "fine\nstatus 0\n");
    CHECK(test::eventually([&] { return written(jail, spec.id) < 8 * mebibyte; }));
}

TEST_CASE("What a desk keeps in memory as files is bounded as well") {
    JailUnderTest jail;
    auto spec = spec_of(jail, 64 * mebibyte);
    spec.limits.memory = 512 * mebibyte;
    jail.start(spec);
    for (const char* file : {"/tmp/big", "/dev/shm/big"}) {
        CAPTURE(file);
        const auto said = fill(jail, spec.id, file);
        CHECK(said.contains("No space left on device"));
        CHECK(size_in(said) == 64 * mebibyte);
        jail.shell(spec.id, fmt::format("rm {}", file));
    }
}

TEST_CASE("Files of a desk are bounded in number") {
    JailUnderTest jail;
    const auto spec = spec_of(jail, 64 * mebibyte);
    jail.start(spec);
    const auto said = jail.shell(spec.id, "df -i /home | grep -v Inodes");
    CAPTURE(said);
    const auto words = core::split(said, ' ');
    CHECK(std::ranges::count(words, std::string_view{"65536"}) == 1);
}

TEST_CASE("Nothing of a desk's disk is left when it has ended, and its files are nowhere on the host") {
    const auto before = count_loops();
    {
        JailUnderTest jail;
        // From here on three of this size are in stock, and none of another.
        const auto first = spec_of(jail, 32 * mebibyte);
        jail.start(first);
        jail.stop(first.id);
        REQUIRE(test::eventually([&] { return count_loops() == before + 3; }));
        const auto mounts = count_mounts(jail);
        for (int i = 0; i < 5; ++i) {
            const auto spec = spec_of(jail, 32 * mebibyte);
            jail.start(spec);
            fill(jail, spec.id, "/home/agent/big");
            CHECK(count_mounts(jail) == mounts);
            CHECK(!fs::exists(jail.data() + "/desks/" + spec.id + "/upper"));
            jail.stop(spec.id);
        }
        CHECK(test::eventually([&] { return count_loops() == before + 3; }));
        CHECK(count_mounts(jail) == mounts);
        CHECK(fs::is_empty(jail.data() + "/scratch"));
        CHECK(jail.end() == 0);
        CHECK(count_loops() == before);
    }
}

TEST_CASE("A jail that is killed leaves living desks their disks, and no other") {
    const auto before = count_loops();
    JailUnderTest jail;
    const auto spec = spec_of(jail, 32 * mebibyte);
    jail.start(spec);
    jail.shell(spec.id, "echo kept > /home/agent/kept");
    jail.restart();
    const auto desk = jail.ask(jail::wire::Adopt{spec.id});
    REQUIRE(!desk.answer.error);
    // One is the desk's, one is in stock.
    CHECK(test::eventually([&] { return count_loops() == before + 2; }));
    CHECK(jail.shell(spec.id, "cat /home/agent/kept") == "kept\nstatus 0\n");
    CHECK(fill(jail, spec.id, "/home/agent/big").contains("No space left on device"));
    CHECK(test::is_readable(desk.disk, test::patience));
    jail.stop(spec.id);
    CHECK(test::eventually([&] { return count_loops() == before + 1; }));
}

TEST_CASE("How much a desk may write does not change while it runs") {
    JailUnderTest jail;
    const auto spec = spec_of(jail, 32 * mebibyte);
    jail.start(spec);
    auto limits = spec.limits;
    limits.processes = 100;
    CHECK(!jail.ask(jail::wire::Change{.id = spec.id, .limits = limits}).answer.error);
    limits.disk = 64 * mebibyte;
    const auto refused = jail.ask(jail::wire::Change{.id = spec.id, .limits = limits});
    REQUIRE(refused.answer.error);
    CHECK(refused.answer.error->code() == core::Code::conflict);
    CHECK(refused.answer.error->reason() == "disk_fixed");
}

TEST_CASE("A disk that is too small to be one is refused") {
    JailUnderTest jail;
    const auto reply = jail.ask(jail::wire::Start{spec_of(jail, mebibyte)});
    REQUIRE(reply.answer.error);
    CHECK(reply.answer.error->code() == core::Code::invalid);
    CHECK(reply.answer.error->message().contains("disk is 1048576"));
}

TEST_CASE("A desk whose disk cannot be made is refused where others have one, and leaves nothing") {
    JailUnderTest jail;
    const auto spec = spec_of(jail, 32 * mebibyte);
    REQUIRE(jail.ask(jail::wire::Doctor{}).answer.find("own_disks") == "yes");
    // Where files without a name are made.
    fs::rename(jail.data() + "/scratch", jail.data() + "/away");
    const auto refused = jail.ask(jail::wire::Start{spec}).answer.error;
    REQUIRE(refused);
    CHECK(refused->code() == core::Code::unavailable);
    CHECK(refused->reason() == "no_disk");
    CHECK(refused->message().contains("it can have no disk of its own: make a file in "));
    CHECK(!fs::exists(jail.data() + "/desks/" + spec.id));
    CHECK(test::eventually([&] { return fs::is_empty(jail.data() + "/trash"); }));
    fs::rename(jail.data() + "/away", jail.data() + "/scratch");
    CHECK(warnings_of(jail.start(spec)) == "");
}

TEST_CASE("Without loop devices a desk is watched, which it and the server are told") {
    JailUnderTest jail{JailUnderTest::Kernel::without_loops};
    const auto doctor = jail.ask(jail::wire::Doctor{});
    CHECK(doctor.answer.find("own_disks") == "no");
    CHECK(warnings_of(doctor).contains("modprobe loop"));
    const auto spec = spec_of(jail, 32 * mebibyte);
    const auto desk = jail.start(spec);
    CHECK(warnings_of(desk).contains("the limit of its disk is soft"));
    const auto said = jail.shell(spec.id, "dd if=/dev/zero of=/home/agent/big bs=1048576 count=40 2>&1");
    CHECK(!said.contains("No space"));
    CHECK(test::is_readable(desk.disk, test::patience));
    CHECK(written(jail, spec.id) >= 40 * mebibyte);
}

TEST_CASE("A desk has its disk also where layers are named by paths") {
    JailUnderTest jail{JailUnderTest::Kernel::debian_12};
    const auto spec = spec_of(jail, 32 * mebibyte);
    CHECK(warnings_of(jail.start(spec)) == "");
    CHECK(fill(jail, spec.id, "/home/agent/big").contains("No space left on device"));
}

TEST_CASE("When the process that makes disks is killed, another one does") {
    JailUnderTest jail;
    const auto children = core::read_file(fmt::format("/proc/{}/task/{}/children", jail.pid(), jail.pid()));
    for (const auto child : core::split(core::trim(children), ' ')) {
        const auto pid = core::parse_unsigned(child).value_or(0);
        if (core::find_file_text(fmt::format("/proc/{}/comm", pid)).value_or("") == "carrel-disks\n")
            ::kill(static_cast<pid_t>(pid), SIGKILL);
    }
    for (int i = 0; i < 5; ++i) CHECK(warnings_of(jail.start(spec_of(jail, 32 * mebibyte))) == "");
}
