// Desks that sleep: processes end, files stay (jail/desks/kept, layer).
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "core/error.hpp"
#include "core/sys.hpp"
#include "tests/privileged/jail_under_test.hpp"

using namespace carrel;
using test::JailUnderTest;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

jail::wire::Spec spec_with(JailUnderTest& jail, std::uint64_t disk) {
    auto spec = jail.spec();
    spec.limits.disk = disk;
    return spec;
}

void put_to_sleep(JailUnderTest& jail, const jail::wire::Spec& spec) {
    const auto reply = jail.ask(jail::wire::Stop{.id = spec.id, .keeps_files = true});
    REQUIRE_MESSAGE(!reply.answer.error, reply.answer.error->message());
}

/// Asks for it as the server does: another nonce, another slot.
jail::wire::Spec woken(JailUnderTest& jail, const jail::wire::Spec& spec) {
    auto again = jail.spec();
    again.id = spec.id;
    again.limits = spec.limits;
    again.has_kept_files = true;
    return again;
}

std::string state_of(JailUnderTest& jail, const std::string& id) {
    return std::string{jail.ask(jail::wire::List{}).answer.find(id).value_or("none")};
}

std::string asleep(JailUnderTest& jail, const std::string& id) { return jail.data() + "/asleep/" + id; }

}  // namespace

TEST_CASE("A desk that sleeps keeps its files and nothing else, with a disk of its own and without") {
    for (const std::uint64_t disk : {0 * mebibyte, 48 * mebibyte}) {
        CAPTURE(disk);
        JailUnderTest jail;
        const auto spec = spec_with(jail, disk);
        const auto desk = jail.start(spec);
        jail.shell(spec.id,
                   "echo kept > /home/agent/kept; dd if=/dev/urandom of=/home/agent/big bs=1048576 count=20");
        jail.shell(spec.id, "ln -s /etc/shadow /home/agent/link; echo gone > /tmp/gone");
        const auto sum = jail.shell(spec.id, "md5sum /home/agent/big");
        for (int round = 0; round < 3; ++round) {
            put_to_sleep(jail, spec);
            CHECK(state_of(jail, spec.id) == "asleep");
            CHECK(test::is_readable(desk.process, std::chrono::milliseconds{0}));
            CHECK(!fs::exists(jail.data() + "/desks/" + spec.id));
            CHECK(!fs::exists(jail.data() + "/endpoints/" + spec.id));
            CHECK(fs::exists(asleep(jail, spec.id) + (disk > 0 ? "/disk" : "/upper")));
            // Once more is fine.
            put_to_sleep(jail, spec);
            const auto again = woken(jail, spec);
            jail.start(again);
            CHECK(state_of(jail, spec.id) == "alive");
            CHECK(!fs::exists(asleep(jail, spec.id)));
            CHECK(jail.shell(spec.id, "cat /home/agent/kept") == "kept\nstatus 0\n");
            CHECK(jail.shell(spec.id, "md5sum /home/agent/big") == sum);
            CHECK(jail.shell(spec.id, "readlink /home/agent/link") == "/etc/shadow\nstatus 0\n");
            CHECK(jail.shell(spec.id, "cat /tmp/gone").contains("status 1"));
            CHECK(jail.shell(spec.id, "cat /etc/hostname") == spec.id + "\nstatus 0\n");
        }
        // Its end takes the files along, asleep or not.
        put_to_sleep(jail, spec);
        jail.stop(spec.id);
        CHECK(state_of(jail, spec.id) == "none");
        CHECK(test::eventually([&] { return fs::is_empty(jail.data() + "/trash"); }));
    }
}

TEST_CASE("A desk that slept has its limit of writing as before") {
    JailUnderTest jail;
    const auto spec = spec_with(jail, 32 * mebibyte);
    jail.start(spec);
    put_to_sleep(jail, spec);
    auto again = woken(jail, spec);
    again.limits.disk = 512 * mebibyte;
    const auto desk = jail.start(again);
    CHECK(jail.shell(spec.id, "dd if=/dev/zero of=/home/agent/big bs=1048576 count=100 2>&1")
              .contains("No space left on device"));
    CHECK(test::is_readable(desk.disk, test::patience));
}

TEST_CASE("What a desk left in the place of our files is not followed, and is no hindrance") {
    JailUnderTest jail;
    const auto spec = spec_with(jail, 0);
    const auto victims = jail.data() + "-victims";
    fs::create_directories(victims);
    core::replace_file(victims + "/hostname", "mine", 0644);
    core::replace_file(victims + "/file", "mine", 0644);
    const auto upper = asleep(jail, spec.id) + "/upper";
    jail.start(spec);
    put_to_sleep(jail, spec);

    fs::remove(upper + "/etc/hostname");
    fs::create_symlink(victims + "/file", upper + "/etc/hostname");
    fs::remove(upper + "/etc/hosts");
    fs::create_hard_link(victims + "/file", upper + "/etc/hosts");
    fs::remove(upper + "/etc/machine-id");
    fs::create_directories(upper + "/etc/machine-id/a/b/c");
    fs::create_directory_symlink(victims, upper + "/etc/machine-id/a/out");
    jail.start(woken(jail, spec));
    CHECK(jail.shell(spec.id, "cat /etc/hostname") == spec.id + "\nstatus 0\n");
    CHECK(jail.shell(spec.id, "cat /etc/machine-id").ends_with("00000000000000000000\nstatus 0\n"));
    put_to_sleep(jail, spec);

    for (const auto* part : {"/etc", "/../work"}) {
        fs::remove_all(upper + part);
        fs::create_directory_symlink(victims, upper + part);
    }
    jail.start(woken(jail, spec));
    CHECK(jail.shell(spec.id, "cat /etc/hostname") == spec.id + "\nstatus 0\n");
    CHECK(core::read_file(victims + "/hostname") == "mine");
    CHECK(core::read_file(victims + "/file") == "mine");
    fs::remove_all(victims);
}

TEST_CASE("Files that no desk can be made of stay as they were") {
    JailUnderTest jail;
    const auto spec = spec_with(jail, 32 * mebibyte);
    jail.start(spec);
    jail.shell(spec.id, "echo kept > /home/agent/kept");
    put_to_sleep(jail, spec);
    // Without the files, or as another desk, there is none of that id.
    auto without = woken(jail, spec);
    without.has_kept_files = false;
    CHECK(jail.ask(jail::wire::Start{without}).answer.error->code() == core::Code::conflict);
    auto other = woken(jail, jail.spec());
    CHECK(jail.ask(jail::wire::Start{other}).answer.error->code() == core::Code::not_found);

    const auto disk = asleep(jail, spec.id) + "/disk";
    fs::rename(disk, disk + ".away");
    core::replace_file(disk, "no file system", 0600);
    const auto refused = jail.ask(jail::wire::Start{woken(jail, spec)}).answer.error;
    REQUIRE(refused);
    MESSAGE(refused->message());
    CHECK(state_of(jail, spec.id) == "asleep");
    fs::rename(disk + ".away", disk);

    // Of its own kind while it is made: the endpoint's place is taken.
    fs::create_directories(jail.data() + "/endpoints/" + spec.id + "/x");
    CHECK(jail.ask(jail::wire::Start{woken(jail, spec)}).answer.error);
    CHECK(state_of(jail, spec.id) == "asleep");
    fs::remove_all(jail.data() + "/endpoints/" + spec.id);

    jail.start(woken(jail, spec));
    CHECK(jail.shell(spec.id, "cat /home/agent/kept") == "kept\nstatus 0\n");
}

TEST_CASE("A jail that was cut while it made a desk of kept files leaves one that sleeps") {
    JailUnderTest jail;
    const auto spec = spec_with(jail, 32 * mebibyte);
    jail.start(spec);
    jail.shell(spec.id, "echo kept > /home/agent/kept");
    put_to_sleep(jail, spec);
    const auto folder = jail.data() + "/desks/" + spec.id;
    const auto identity = core::read_file(asleep(jail, spec.id) + "/identity.json");
    // At each of the moments: marked, moved, unmarked, recorded.
    for (int moment = 0; moment < 4; ++moment) {
        CAPTURE(moment);
        const auto kept = asleep(jail, spec.id);
        fs::create_hard_link(kept + "/identity.json", kept + "/kept.json");
        if (moment > 0) fs::rename(kept, folder);
        if (moment > 1) fs::remove(folder + "/identity.json");
        if (moment > 2) core::replace_file(folder + "/identity.json", identity, 0600);
        jail.restart();
        CHECK(state_of(jail, spec.id) == "asleep");
        CHECK(!fs::exists(folder));
        CHECK(core::read_file(kept + "/identity.json") == identity);
        fs::remove(kept + "/kept.json");
    }
    jail.start(woken(jail, spec));
    CHECK(jail.shell(spec.id, "cat /home/agent/kept") == "kept\nstatus 0\n");
}

TEST_CASE("A desk that an earlier jail made sleeps as well, a dead one too, but none of an earlier boot") {
    JailUnderTest jail;
    const auto spec = spec_with(jail, 32 * mebibyte);
    jail.start(spec);
    jail.shell(spec.id, "echo kept > /home/agent/kept");
    jail.restart();
    put_to_sleep(jail, spec);
    const auto desk = jail.start(woken(jail, spec));
    CHECK(jail.shell(spec.id, "cat /home/agent/kept") == "kept\nstatus 0\n");
    ::kill(static_cast<pid_t>(desk.answer.get_number("pid")), SIGKILL);
    CHECK(test::is_readable(desk.process, test::patience));
    put_to_sleep(jail, spec);
    jail.start(woken(jail, spec));
    CHECK(jail.shell(spec.id, "cat /home/agent/kept") == "kept\nstatus 0\n");

    const auto path = jail.data() + "/desks/" + spec.id + "/identity.json";
    auto identity = core::read_file(path);
    identity.replace(identity.find("\"boot\": \"") + 9, 8, "00000000");
    core::replace_file(path, identity, 0600);
    const auto refused = jail.ask(jail::wire::Stop{.id = spec.id, .keeps_files = true}).answer.error;
    REQUIRE(refused);
    CHECK(refused->reason() == "nothing_to_keep");
    CHECK(fs::exists(path));
    jail.stop(spec.id);
    CHECK(jail.ask(jail::wire::Stop{.id = spec.id, .keeps_files = true}).answer.error->reason() ==
          "nothing_to_keep");
    jail.stop(spec.id);
}
