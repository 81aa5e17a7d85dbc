// The quota of a workspace (jail/disks/workspace_disk).
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "tests/privileged/jail_under_test.hpp"
#include "tests/privileged/made_up_internet.hpp"

using namespace carrel;
using jail::wire::Workspace;
using test::JailUnderTest;

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t quota = 32 * mebibyte;
const std::string owner(64, 'f');

std::vector<std::string> with_quota(const std::string& most = "0") {
    return {"--workspace-disk", std::to_string(quota), "--most-workspaces", most};
}

jail::wire::Spec spec_of(JailUnderTest& jail, const std::string& name = "notes", bool home = false) {
    auto spec = jail.spec();
    spec.workspace = Workspace{.owner = owner, .name = name, .home = home};
    return spec;
}

std::string folder_of(const JailUnderTest& jail, const std::string& name = "notes") {
    return jail.data() + "/workspaces/" + owner + "/" + name;
}

/// How many loop devices have the workspace's file: never more than one.
std::size_t count_loops_of(const std::string& folder) {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator{"/sys/block"}) {
        const auto file = core::find_file_text(entry.path() / "loop/backing_file");
        count += file && core::trim(*file) == folder + "/disk";
    }
    return count;
}

std::string read_all(JailUnderTest& jail, jail::wire::What what) {
    auto reply = jail.ask(std::move(what));
    REQUIRE_MESSAGE(!reply.answer.error, reply.answer.error->message());
    std::string text;
    char buffer[8192];
    while (test::is_readable(reply.process, test::patience)) {
        const auto count = ::read(reply.process.get(), buffer, sizeof buffer);
        if (count <= 0) break;
        text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
}

std::string fill(JailUnderTest& jail, const std::string& id) {
    return jail.shell(id,
                      "dd if=/dev/zero of=/workspace/big bs=1048576 count=200 2>&1; wc -c < /workspace/big");
}

/// What e2fsck says of the file, which must have no user then.
std::string check_disk(const std::string& folder) {
    REQUIRE(test::eventually([&] { return count_loops_of(folder) == 0; }));
    return test::run_command(fmt::format("e2fsck -fn {}/disk 2>&1; echo status $?", folder));
}

}  // namespace

TEST_CASE(
    "A workspace holds as much as its quota, for its files and its home together, and the desk writes on") {
    JailUnderTest jail{JailUnderTest::Kernel::own, with_quota()};
    const auto spec = spec_of(jail, "notes", true);
    const auto desk = jail.start(spec);
    CHECK(jail.shell(spec.id, "cat ~/note; stat -c %u:%a /workspace /home/agent") ==
          "from the image\n1000:755\n1000:755\nstatus 0\n");
    const auto said = fill(jail, spec.id);
    CHECK(said.contains("No space left on device"));
    CHECK(test::is_readable(desk.workspace, test::patience));
    const auto lines = core::split(core::trim(said), '\n');
    REQUIRE(lines.size() > 2);
    const auto written = core::parse_unsigned(lines[lines.size() - 2]).value_or(0);
    CHECK(written >= quota - 2 * mebibyte);
    CHECK(written <= quota + 8 * mebibyte);
    CHECK(
        jail.shell(spec.id, "dd if=/dev/zero of=/home/agent/b bs=1048576 count=9 2>&1").contains("No space"));
    // The rest of the desk is not touched by it, nor another workspace.
    CHECK(jail.shell(spec.id, "echo fine > /tmp/x && echo fine > /run/user/1000/x && cat /tmp/x") ==
          "fine\nstatus 0\n");
    const auto other = spec_of(jail, "other");
    jail.start(other);
    CHECK(jail.shell(other.id, "echo fine > /workspace/x; cat /workspace/x") == "fine\nstatus 0\n");
    const auto list = read_all(jail, jail::wire::ListWorkspaces{owner});
    CHECK(list.starts_with("notes "));
    CHECK(list.contains(fmt::format(" {}\n", quota)));
    CHECK(list.contains("\nother "));
    // What is deleted is room again, for the host's disk, too.
    CHECK(jail.shell(spec.id, "rm /workspace/big /home/agent/b && echo kept > /workspace/kept") ==
          "status 0\n");
    jail.stop(spec.id);
    CHECK(check_disk(folder_of(jail)).contains("status 0\n"));
    CHECK(test::run_command(fmt::format("du -m {}/disk | cut -f1", folder_of(jail))).size() <= 3);
}

TEST_CASE(
    "Who has a workspace's disk at the same time has the same one: desks, readers, and a jail after a kill") {
    JailUnderTest jail{JailUnderTest::Kernel::own, with_quota()};
    const auto first = spec_of(jail);
    jail.start(first);
    jail.shell(first.id, "echo one > /workspace/note");
    // A running desk that gets it by a change.
    const auto second = jail.spec();
    jail.start(second);
    const auto given = jail.ask(jail::wire::Change{second.id, {}, {}, first.workspace});
    REQUIRE_MESSAGE(!given.answer.error, given.answer.error->message());
    CHECK(jail.shell(second.id, "cat /workspace/note; echo two >> /workspace/note") == "one\nstatus 0\n");
    CHECK(count_loops_of(folder_of(jail)) == 1);
    CHECK(read_all(jail, jail::wire::ReadWorkspace{owner, "notes"}).contains("one\ntwo\n"));
    CHECK(read_all(jail, jail::wire::ListWorkspaces{owner}).contains(" 1 "));
    jail.restart();
    REQUIRE(!jail.ask(jail::wire::Adopt{first.id}).answer.error);
    const auto third = spec_of(jail);
    jail.start(third);
    CHECK(jail.shell(third.id, "cat /workspace/note; echo three >> /workspace/note") ==
          "one\ntwo\nstatus 0\n");
    CHECK(jail.shell(first.id, "cat /workspace/note") == "one\ntwo\nthree\nstatus 0\n");
    CHECK(count_loops_of(folder_of(jail)) == 1);
    CHECK(read_all(jail, jail::wire::ReadWorkspace{owner, "notes"}).contains("one\ntwo\nthree\n"));
    for (const auto& id : {first.id, second.id, third.id}) jail.stop(id);
    CHECK(check_disk(folder_of(jail)).contains("status 0\n"));
    CHECK(fs::is_empty(jail.data() + "/scratch"));
}

TEST_CASE("One desk after another has the workspace, however soon: nothing is lost, and no second device") {
    JailUnderTest jail{JailUnderTest::Kernel::own, with_quota()};
    std::string expected;
    for (int i = 0; i < 12; ++i) {
        const auto spec = spec_of(jail);
        jail.start(spec);
        // Left to the end of the desk to be written.
        jail.shell(spec.id,
                   fmt::format("echo {} >> /workspace/note; dd if=/dev/zero of=/workspace/{} bs=1048576 "
                               "count=1 2>/dev/null",
                               i, i));
        expected += fmt::format("{}\n", i);
        CHECK(jail.shell(spec.id, "cat /workspace/note") == expected + "status 0\n");
        CHECK(count_loops_of(folder_of(jail)) == 1);
        jail.stop(spec.id);
    }
    CHECK(check_disk(folder_of(jail)).contains("status 0\n"));
}

TEST_CASE("What was written is there after everything is killed at once") {
    JailUnderTest jail{JailUnderTest::Kernel::own, with_quota()};
    const auto spec = spec_of(jail);
    const auto desk = jail.start(spec);
    jail.shell(spec.id, "echo kept > /workspace/note");
    const auto pid = core::parse_unsigned(desk.answer.find("pid").value_or("")).value_or(0);
    ::kill(static_cast<pid_t>(pid), SIGKILL);
    jail.restart();
    jail.stop(spec.id);
    const auto next = spec_of(jail);
    jail.start(next);
    CHECK(jail.shell(next.id, "cat /workspace/note") == "kept\nstatus 0\n");
}

TEST_CASE("What the disk holds at a power cut is a workspace again, by its journal") {
    JailUnderTest jail{JailUnderTest::Kernel::own, with_quota()};
    const auto spec = spec_of(jail);
    jail.start(spec);
    jail.shell(spec.id, "mkdir /workspace/deep; echo kept | dd of=/workspace/note conv=fsync 2>/dev/null");
    // As it lies on the host's disk at this moment: mounted, and never unmounted.
    fs::create_directories(folder_of(jail, "cut"));
    for (const char* file : {"quota", "disk"})
        test::run_command(
            fmt::format("cp --sparse=always {}/{} {}", folder_of(jail), file, folder_of(jail, "cut")));
    CHECK(test::run_command(fmt::format("dumpe2fs -h {}/disk 2>&1", folder_of(jail, "cut")))
              .contains("needs_recovery"));
    const auto next = spec_of(jail, "cut");
    jail.start(next);
    CHECK(jail.shell(next.id, "cat /workspace/note; ls /workspace") == "kept\ndeep\nnote\nstatus 0\n");
    jail.stop(next.id);
    CHECK(check_disk(folder_of(jail, "cut")).contains("status 0\n"));
}

TEST_CASE("A workspace's disk is deleted with it") {
    JailUnderTest jail{JailUnderTest::Kernel::own, with_quota()};
    const auto spec = spec_of(jail);
    jail.start(spec);
    const auto refused = jail.ask(jail::wire::DeleteWorkspace{owner, "notes"}).answer.error;
    REQUIRE(refused);
    CHECK(refused->reason() == "workspace_in_use");
    jail.stop(spec.id);
    REQUIRE(!jail.ask(jail::wire::DeleteWorkspace{owner, "notes"}).answer.error);
    CHECK(!fs::exists(folder_of(jail)));
    CHECK(test::eventually([&] { return fs::is_empty(jail.data() + "/trash"); }));
    CHECK(read_all(jail, jail::wire::ListWorkspaces{owner}).empty());
    const auto next = spec_of(jail);
    jail.start(next);
    CHECK(jail.shell(next.id, "ls /workspace") == "status 0\n");
}

TEST_CASE("A workspace that was begun without a quota stays as it is, and one with a quota keeps it") {
    JailUnderTest jail{JailUnderTest::Kernel::own, with_quota()};
    fs::create_directories(folder_of(jail, "old") + "/files");
    REQUIRE(::chown((folder_of(jail, "old") + "/files").c_str(), 1000, 1000) == 0);
    core::replace_file(folder_of(jail, "old") + "/files/note", "old\n", 0644);
    const auto spec = spec_of(jail, "old");
    jail.start(spec);
    CHECK(jail.shell(spec.id, "cat /workspace/note") == "old\nstatus 0\n");
    CHECK(!fs::exists(folder_of(jail, "old") + "/disk"));
    const auto said = fill(jail, spec.id);
    CAPTURE(said);
    CHECK(said.contains("209715200"));
    CHECK(read_all(jail, jail::wire::ListWorkspaces{owner}).ends_with(" 0\n"));
}

TEST_CASE("One principal has so many workspaces and no more") {
    JailUnderTest jail{JailUnderTest::Kernel::own, with_quota("2")};
    const auto one = spec_of(jail, "one"), two = spec_of(jail, "two"), three = spec_of(jail, "three");
    jail.start(one);
    jail.start(two);
    const auto refused = jail.ask(jail::wire::Start{three}).answer.error;
    REQUIRE(refused);
    CHECK(refused->code() == core::Code::invalid);
    CHECK(refused->reason() == "too_many_workspaces");
    CHECK(!fs::exists(folder_of(jail, "three")));
    // One that is there may be had again, and others are not counted.
    jail.start(spec_of(jail, "two"));
    auto theirs = spec_of(jail, "three");
    theirs.workspace->owner = std::string(64, 'e');
    jail.start(theirs);
    jail.stop(one.id);
    REQUIRE(!jail.ask(jail::wire::DeleteWorkspace{owner, "one"}).answer.error);
    jail.start(spec_of(jail, "three"));
}

TEST_CASE("A workspace that can have no disk, or whose disk is no file system, is refused and says why") {
    JailUnderTest jail{JailUnderTest::Kernel::own, with_quota()};
    const auto refused = [&] {
        const auto error = jail.ask(jail::wire::Start{spec_of(jail)}).answer.error;
        REQUIRE(error);
        CHECK(error->code() == core::Code::unavailable);
        CHECK(error->reason() == "no_disk");
        return error->message();
    };
    fs::create_directories(folder_of(jail) + "/quota/in-the-way");
    CHECK(refused().contains("the workspace can have no disk of its own"));
    CHECK(!fs::exists(folder_of(jail) + "/disk"));
    CHECK(read_all(jail, jail::wire::ListWorkspaces{owner}).empty());
    fs::remove_all(folder_of(jail) + "/quota");
    const auto spec = spec_of(jail);
    jail.start(spec);
    jail.stop(spec.id);
    REQUIRE(test::eventually([&] { return count_loops_of(folder_of(jail)) == 0; }));
    const auto size = fs::file_size(folder_of(jail) + "/disk");
    core::replace_file(folder_of(jail) + "/disk", "no file system", 0600);
    fs::resize_file(folder_of(jail) + "/disk", size);
    CHECK(refused().contains("the disk of the workspace cannot be mounted"));
    CHECK(read_all(jail, jail::wire::ReadWorkspace{owner, "notes"}).empty());
    CHECK(!jail.ask(jail::wire::DeleteWorkspace{owner, "notes"}).answer.error);
    CHECK(test::eventually([&] { return count_loops_of(folder_of(jail)) == 0; }));
}

TEST_CASE("A workspace has its disk also where layers are named by paths") {
    JailUnderTest jail{JailUnderTest::Kernel::debian_12, with_quota()};
    const auto spec = spec_of(jail);
    jail.start(spec);
    CHECK(fill(jail, spec.id).contains("No space left on device"));
}

TEST_CASE("Without loop devices workspaces have no quota, which the server is told") {
    JailUnderTest jail{JailUnderTest::Kernel::without_loops, with_quota()};
    std::string warnings;
    for (const auto& [key, value] : jail.ask(jail::wire::Doctor{}).answer.fields)
        if (key == "warning") warnings += value;
    CHECK(warnings.contains("workspaces have no bound"));
    const auto spec = spec_of(jail);
    jail.start(spec);
    CHECK(jail.shell(spec.id, "echo x > /workspace/x; cat /workspace/x") == "x\nstatus 0\n");
    CHECK(read_all(jail, jail::wire::ListWorkspaces{owner}).ends_with(" 0\n"));
}

TEST_CASE("A workspace that cannot be opened in time is told of, and the jail goes on") {
    JailUnderTest jail{JailUnderTest::Kernel::own, with_quota()};
    const auto first = spec_of(jail);
    jail.start(first);
    jail.stop(first.id);
    {
        // As a process of the jail's that hangs while it mounts.
        const auto lock = core::open_file(folder_of(jail) + "/disk", O_RDONLY);
        REQUIRE(::flock(lock.get(), LOCK_EX) == 0);
        const auto refused = jail.ask(jail::wire::Start{spec_of(jail)}).answer.error;
        REQUIRE(refused);
        CHECK(refused->code() == core::Code::timeout);
        CHECK(refused->message().contains("opening the workspace took longer than"));
    }
    jail.start(spec_of(jail));
    const auto children = core::read_file(fmt::format("/proc/{}/task/{}/children", jail.pid(), jail.pid()));
    for (const auto child : core::split(core::trim(children), ' '))
        CHECK(core::find_file_text(fmt::format("/proc/{}/comm", child)).value_or("") != "carrel-errand\n");
}
