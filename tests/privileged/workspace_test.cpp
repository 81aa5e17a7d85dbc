// Files of a principal's that outlive desks, in desks that start and in desks that run.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "core/sys.hpp"
#include "tests/privileged/jail_under_test.hpp"
#include "tests/privileged/made_up_internet.hpp"

using namespace carrel;
using jail::wire::Change;
using jail::wire::Workspace;
using test::JailUnderTest;

namespace {

namespace fs = std::filesystem;

Workspace notes(bool home = false) { return {.owner = std::string(64, 'f'), .name = "notes", .home = home}; }

std::string folder_of(const JailUnderTest& jail) {
    return jail.data() + "/workspaces/" + std::string(64, 'f') + "/notes";
}

std::optional<core::Error> give(JailUnderTest& jail, const std::string& id, Workspace workspace) {
    return jail.ask(Change{id, {}, {}, std::move(workspace)}).answer.error;
}

}  // namespace

TEST_CASE(
    "What desks write to a workspace outlives them, and the next desk, started or running, may change it") {
    JailUnderTest jail;
    auto first = jail.spec();
    first.workspace = notes();
    jail.start(first);
    CHECK(jail.shell(first.id,
                     "cd /workspace && mkdir -p a && echo one > a/note && stat -c %u:%a /workspace a/note") ==
          "1000:755\n1000:644\nstatus 0\n");
    CHECK(jail.shell(first.id, "ls /home/agent") == "note\nstatus 0\n");
    jail.stop(first.id);
    struct stat status;
    REQUIRE(::stat((folder_of(jail) + "/files/a/note").c_str(), &status) == 0);
    CHECK(status.st_uid == 1000);

    auto second = jail.spec();
    second.workspace = notes();
    jail.start(second);
    CHECK(jail.shell(second.id, "cat /workspace/a/note && echo two >> /workspace/a/note") ==
          "one\nstatus 0\n");
    // Two desks at once see each other's changes; each has ids of its own on the same files.
    const auto third = jail.spec();
    jail.start(third);
    CHECK(jail.shell(third.id, "ls /workspace 2>/dev/null") != "a\nstatus 0\n");
    CHECK(!jail.ask(jail::wire::Freeze{third.id}).answer.error);
    const auto failure = give(jail, third.id, notes());
    CHECK_MESSAGE(!failure, failure->message());
    CHECK(!jail.ask(jail::wire::Thaw{third.id}).answer.error);
    CHECK(jail.shell(third.id, "echo three >> /workspace/a/note") == "status 0\n");
    CHECK(jail.shell(second.id, "cat /workspace/a/note") == "one\ntwo\nthree\nstatus 0\n");
    CHECK(give(jail, third.id, notes())->message().contains("has a workspace already"));
}

TEST_CASE("A workspace's home begins as the image's and is kept") {
    JailUnderTest jail;
    auto first = jail.spec();
    first.workspace = notes(true);
    jail.start(first);
    CHECK(jail.shell(first.id, "cat ~/note; stat -c %u:%a /home/agent/note; echo mine > /home/agent/note") ==
          "from the image\n1000:600\nstatus 0\n");
    jail.stop(first.id);
    const auto second = jail.spec();
    jail.start(second);
    CHECK(jail.shell(second.id, "cat /home/agent/note") == "from the image\nstatus 0\n");
    const auto failure = give(jail, second.id, notes(true));
    CHECK_MESSAGE(!failure, failure->message());
    CHECK(jail.shell(second.id, "cat /home/agent/note") == "mine\nstatus 0\n");
    // A restarted jail knows that it has one.
    jail.restart();
    CHECK(!jail.ask(jail::wire::Adopt{second.id}).answer.error);
    CHECK(give(jail, second.id, notes())->message().contains("has a workspace already"));
}

TEST_CASE("An image's home that is too large is refused, and leaves nothing half made") {
    JailUnderTest jail;
    const auto home = jail.data() + "/images/tiny/" + std::string(64, 'a') + "/root/home/agent";
    auto spec = jail.spec();
    spec.workspace = notes(true);
    const auto refused = [&] {
        const auto error = jail.ask(jail::wire::Start{spec}).answer.error;
        REQUIRE(error);
        CHECK(error->reason() == "home_too_large");
        CHECK(!fs::exists(folder_of(jail) + "/home"));
        for (const auto& entry : fs::directory_iterator{folder_of(jail)})
            CHECK(entry.path().filename() == "files");
        return error->message();
    };
    auto deep = home;
    for (int i = 0; i < 40; ++i) deep += "/d";
    fs::create_directories(deep);
    CHECK(refused().contains("more than 32 deep"));
    fs::remove_all(home + "/d");
    core::replace_file(home + "/large", "", 0600);
    // A hole is copied as zeros.
    fs::resize_file(home + "/large", std::uintmax_t{1} << 40);
    CHECK(refused().contains("more than 256 MiB"));
    fs::remove(home + "/large");
    for (int i = 0; i < 20'001; ++i) fs::create_symlink("x", fmt::format("{}/{}", home, i));
    CHECK(refused().contains("more than 20000 files"));
}

TEST_CASE("Nothing in a workspace runs with another's rights, and no desk reaches beside it") {
    JailUnderTest jail;
    auto spec = jail.spec();
    spec.workspace = notes(true);
    jail.start(spec);
    const auto mounts = jail.shell(spec.id, "grep -E ' (/workspace|/home/agent) ' /proc/self/mountinfo");
    CHECK(mounts.contains("nosuid,nodev"));
    CHECK(!mounts.contains(" rw,relatime"));
    CHECK(jail.shell(spec.id, "cd /workspace/.. && ls").contains("workspace\n"));
    // Root's folder above both parts is not the desk's: a link in the place of one is not to be had.
    CHECK(jail.shell(spec.id, "mv /workspace /w 2>&1").contains("status 1"));
    jail.shell(spec.id, "ln -s /etc /workspace/link");
    jail.stop(spec.id);
    CHECK(fs::is_directory(folder_of(jail) + "/files"));
    struct stat status;
    REQUIRE(::stat(folder_of(jail).c_str(), &status) == 0);
    CHECK(status.st_uid == 0);
    CHECK((status.st_mode & 0777) == 0700);
}

TEST_CASE("A workspace under layers by path, as older kernels have them") {
    JailUnderTest jail{JailUnderTest::Kernel::debian_12};
    auto spec = jail.spec();
    spec.workspace = notes();
    jail.start(spec);
    CHECK(jail.shell(spec.id, "echo x > /workspace/x; cat /workspace/x") == "x\nstatus 0\n");
}

namespace {

/// All that the pipe of such an answer gives.
std::string read_stream(JailUnderTest& jail, jail::wire::What what) {
    auto reply = jail.ask(std::move(what));
    REQUIRE_MESSAGE(!reply.answer.error, reply.answer.error->message());
    REQUIRE(reply.answer.find("stream"));
    std::string text;
    char buffer[8192];
    while (test::is_readable(reply.process, test::patience)) {
        const auto count = ::read(reply.process.get(), buffer, sizeof buffer);
        if (count <= 0) break;
        text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
}

const std::string owner(64, 'f');

}  // namespace

TEST_CASE("Workspaces are listed, read as tar by GNU tar, and deleted when no desk has them") {
    JailUnderTest jail;
    CHECK(!jail.ask(jail::wire::ListWorkspaces{owner}).answer.find("stream"));
    auto spec = jail.spec();
    spec.workspace = notes(true);
    jail.start(spec);
    jail.shell(spec.id,
               "cd /workspace && mkdir -p deep/er && echo text > deep/er/file && ln -s /etc/passwd link && "
               "printf x > \"$(printf 'new\\nline')\" && chmod 600 deep/er/file");
    const auto line = read_stream(jail, jail::wire::ListWorkspaces{owner});
    CHECK(line.starts_with("notes "));
    CHECK(line.contains(" 3 "));
    // Without an option it has no quota.
    CHECK(line.ends_with(" 0\n"));
    const auto into = jail.data() + "/unpacked";
    fs::create_directory(into);
    core::replace_file(jail.data() + "/it.tar", read_stream(jail, jail::wire::ReadWorkspace{owner, "notes"}),
                       0600);
    CHECK(test::run_command(fmt::format("tar -xpf {}/it.tar -C {} && echo done", jail.data(), into)) ==
          "done\n");
    CHECK(core::read_file(into + "/workspace/deep/er/file") == "text\n");
    CHECK(fs::read_symlink(into + "/workspace/link") == "/etc/passwd");
    CHECK(core::read_file(into + "/workspace/new\nline") == "x");
    CHECK(core::read_file(into + "/home/note") == "from the image\n");
    CHECK(!fs::exists(into + "/LEFT-OUT.txt"));

    const auto refused = jail.ask(jail::wire::DeleteWorkspace{owner, "notes"}).answer.error;
    REQUIRE(refused);
    CHECK(refused->reason() == "workspace_in_use");
    CHECK(refused->message().contains(spec.id));
    // Also for a jail that did not make the desk.
    jail.restart();
    CHECK(jail.ask(jail::wire::DeleteWorkspace{owner, "notes"}).answer.error);
    jail.stop(spec.id);
    CHECK(!jail.ask(jail::wire::DeleteWorkspace{owner, "notes"}).answer.error);
    CHECK(!fs::exists(folder_of(jail)));
    for (const auto& gone : {jail.ask(jail::wire::DeleteWorkspace{owner, "notes"}).answer.error,
                             jail.ask(jail::wire::ReadWorkspace{owner, "notes"}).answer.error}) {
        REQUIRE(gone);
        CHECK(gone->code() == core::Code::not_found);
        CHECK(gone->message() == "there is no workspace 'notes'");
    }
    CHECK(test::eventually([&] { return fs::is_empty(jail.data() + "/trash"); }));
}

TEST_CASE("Hostile files in a workspace are read harmlessly") {
    JailUnderTest jail;
    auto spec = jail.spec();
    spec.workspace = notes();
    jail.start(spec);
    jail.shell(spec.id,
               "cd /workspace && dd if=/dev/zero of=endless bs=1 count=1 seek=4000000000000 2>/dev/null; "
               "/bin/busybox mkfifo pipe; mkdir secret && echo s > secret/s && chmod 0 secret; "
               "ln -s /proc/1/root escape; "
               "i=0; while [ $i -lt 300 ]; do mkdir d && cd d || break; i=$((i+1)); done; echo x > bottom");
    const auto tar = read_stream(jail, jail::wire::ReadWorkspace{owner, "notes"});
    CHECK(tar.size() < std::size_t{4} << 20);
    CHECK(tar.contains("GNU.sparse.realsize=4000000000001\n"));
    CHECK(tar.contains("pipe: neither a file nor a folder nor a link\n"));
    CHECK(tar.contains("too many folders in one another"));
    // Nobody's permission is asked: the file is the principal's.
    CHECK(tar.contains("secret/s"));
    CHECK(!tar.contains("root:x:0"));
    CHECK(read_stream(jail, jail::wire::ListWorkspaces{owner}).starts_with("notes "));
}

TEST_CASE("Who reads a workspace has no rights, and ends when nobody wants to hear") {
    JailUnderTest jail;
    auto spec = jail.spec();
    spec.workspace = notes();
    jail.start(spec);
    jail.shell(spec.id, "dd if=/dev/urandom of=/workspace/much bs=1M count=4 2>/dev/null");
    std::vector<test::Reply> held;
    for (int i = 0; i < 4; ++i) held.push_back(jail.ask(jail::wire::ReadWorkspace{owner, "notes"}));
    const auto refused = jail.ask(jail::wire::ReadWorkspace{owner, "notes"}).answer.error;
    REQUIRE(refused);
    CHECK(refused->code() == core::Code::exhausted);
    CHECK(refused->message().contains("4 of your workspaces are being read"));
    // Others are not shut out by it.
    const std::string another(64, 'e');
    auto theirs = jail.spec();
    theirs.workspace = Workspace{.owner = another, .name = "notes"};
    jail.start(theirs);
    CHECK(read_stream(jail, jail::wire::ReadWorkspace{another, "notes"}).contains("workspace/"));
    // The pipe is full, so it is there to be looked at.
    const auto status = test::run_command(fmt::format(
        "for one in $(cat /proc/{}/task/*/children); do grep -qx carrel-reader /proc/$one/comm && "
        "cat /proc/$one/status && break; done",
        jail.pid()));
    CHECK(status.contains("CapEff:\t0000000000000004"));
    CHECK(status.contains("CapBnd:\t0000000000000000"));
    CHECK(status.contains("NoNewPrivs:\t1"));
    CHECK(status.contains("Seccomp:\t2"));
    held.clear();
    CHECK(
        test::eventually([&] { return !jail.ask(jail::wire::ReadWorkspace{owner, "notes"}).answer.error; }));
}
