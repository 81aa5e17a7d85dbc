#include <dirent.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <vector>

#include "core/desk_log.hpp"
#include "core/id.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "jail/cgroup/hierarchies.hpp"
#include "tests/privileged/jail_under_test.hpp"

using namespace carrel;
using test::JailUnderTest;
namespace fs = std::filesystem;

namespace {

std::size_t count_entries(const std::string& folder) {
    std::error_code error;
    return static_cast<std::size_t>(std::distance(fs::directory_iterator{folder, error}, {}));
}

/// Folders of groups anywhere on the host that are named after `id`.
std::size_t count_groups(const std::string& id) {
    std::size_t count = 0;
    std::error_code error;
    for (auto at = fs::recursive_directory_iterator{"/sys/fs/cgroup", error}; at != fs::end(at);
         at.increment(error))
        count += at->path().filename() == id;
    return count;
}

/// Everything of the jail that could be leaked.
struct Inventory {
    std::size_t descriptors;
    std::size_t mounts;
    std::size_t interfaces;
    std::size_t endpoints;
    std::size_t desks;
    bool operator==(const Inventory&) const = default;
};

Inventory take_inventory(JailUnderTest& jail) {
    // Answered after what the last request left to do.
    jail.ask(jail::wire::List{});
    const auto mounts = core::read_file(fmt::format("/proc/{}/mountinfo", jail.pid()));
    return {count_entries(fmt::format("/proc/{}/fd", jail.pid())),
            static_cast<std::size_t>(std::ranges::count(mounts, '\n')), count_entries("/sys/class/net"),
            count_entries(jail.data() + "/endpoints"), count_entries(jail.data() + "/desks")};
}

/// Name and state of every living process of the host whose uid is in the range. The dead of an earlier
/// jail's desks may wait for the host's first process to reap them.
std::vector<std::string> list_processes(std::uint64_t uid_base) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator{"/proc"}) {
        struct stat status;
        if (::stat(entry.path().c_str(), &status) < 0) continue;
        if (status.st_uid < uid_base || status.st_uid >= uid_base + 65536) continue;
        try {
            const auto text = core::find_file_text(entry.path() / "status").value_or("");
            if (text.contains("State:") && !text.contains("State:\tZ") && !text.contains("State:\tX"))
                found.push_back(text.substr(0, text.find("Uid:")));
        } catch (const core::Error&) {
            // It has gone while we looked.
        }
    }
    return found;
}

}  // namespace

TEST_CASE("A stopped desk is wholly gone when the answer comes, and its files soon after") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    const auto desk = jail.start(spec);
    const auto base = desk.answer.get_number("uid_base");
    jail.shell(spec.id, "for i in 1 2 3; do sleep 1000 & done >/dev/null 2>&1; mkdir -p /home/agent/a/b");
    CHECK(list_processes(base).size() >= 4);
    CHECK(count_groups(spec.id) > 0);
    jail.stop(spec.id);
    CHECK(test::is_readable(desk.process, std::chrono::milliseconds{0}));
    CHECK(fmt::format("{}", fmt::join(list_processes(base), "; ")) == "");
    CHECK(count_groups(spec.id) == 0);
    CHECK(!fs::exists(jail.data() + "/endpoints/" + spec.id));
    CHECK(!fs::exists(jail.data() + "/desks/" + spec.id));
    CHECK(test::eventually([&] { return count_entries(jail.data() + "/trash") == 0; }));
}

TEST_CASE(
    "A desk's log has its size for good, is read by the server only, and stays when the desk has gone") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    const auto path = jail.data() + "/logs/" + spec.id;
    for (int round = 0; round < 2; ++round) {
        jail.start(spec);
        struct stat status;
        REQUIRE(::lstat(path.c_str(), &status) == 0);
        CHECK(S_ISREG(status.st_mode));
        CHECK((status.st_mode & 07777) == 0640);
        CHECK(status.st_uid == 0);
        CHECK(status.st_gid == 65534);
        CHECK(status.st_size == static_cast<off_t>(core::desk_log_size));
        CHECK(status.st_blocks == 0);
        jail.stop(spec.id);
        CHECK(fs::file_size(path) == core::desk_log_size);
        // Whatever the server, whose folder it is too, has put there since: it is replaced, not followed.
        fs::remove(path);
        fs::create_symlink("/etc/passwd", path);
    }
    CHECK(fs::file_size("/etc/passwd") != core::desk_log_size);
}

TEST_CASE("After many desks nothing is left: no descriptor, mount, group, process or interface") {
    JailUnderTest jail;
    // The first one makes what stays for all, such as buffers of libraries.
    const auto first = jail.spec();
    jail.start(first);
    jail.stop(first.id);
    const auto before = take_inventory(jail);
    for (int round = 0; round < 3; ++round) {
        std::vector<jail::wire::Spec> specs;
        for (int i = 0; i < 5; ++i) specs.push_back(jail.spec());
        for (const auto& spec : specs) jail.start(spec);
        CHECK(take_inventory(jail).desks == before.desks + 5);
        for (const auto& spec : specs) jail.stop(spec.id);
    }
    const auto after = take_inventory(jail);
    CHECK(after.descriptors == before.descriptors);
    CHECK(after.mounts == before.mounts);
    CHECK(after.interfaces == before.interfaces);
    CHECK(after.endpoints == 0);
    CHECK(after.desks == 0);
}

TEST_CASE("Several requests may be under way; each answer has its request's number") {
    JailUnderTest jail;
    std::vector<jail::wire::Spec> specs;
    std::map<std::uint64_t, std::string> expected;
    for (int i = 0; i < 4; ++i) specs.push_back(jail.spec());
    for (const auto& spec : specs) expected[jail.send(jail::wire::Start{spec})] = spec.id;
    for (std::size_t i = 0; i < specs.size(); ++i) {
        const auto reply = jail.receive();
        CHECK(reply.answer.find("id") == expected[reply.answer.number]);
    }
    std::vector<std::uint64_t> stops;
    for (const auto& spec : specs) stops.push_back(jail.send(jail::wire::Stop{spec.id}));
    const auto last = jail.send(jail::wire::List{});
    stops.push_back(last);
    for (std::size_t i = 0; i < 5; ++i) std::erase(stops, jail.receive().answer.number);
    CHECK(stops.empty());
}

TEST_CASE("Desks outlive a jail that is killed, and the next one adopts them") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    const auto other = jail.spec();
    const auto started = jail.start(spec);
    jail.start(other);
    jail.shell(spec.id, "echo before > /tmp/state");
    jail.restart();
    const auto list = jail.ask(jail::wire::List{}).answer;
    CHECK(list.find(spec.id) == "alive");
    CHECK(list.find(other.id) == "alive");
    CHECK(jail.shell(spec.id, "cat /tmp/state") == "before\nstatus 0\n");
    const auto adopted = jail.ask(jail::wire::Adopt{spec.id});
    REQUIRE(!adopted.answer.error);
    CHECK(adopted.answer.find("nonce") == spec.nonce);
    CHECK(adopted.answer.find("pid") == started.answer.find("pid"));
    CHECK(!test::is_readable(adopted.process, std::chrono::milliseconds{0}));
    CHECK(adopted.answer.find("memory_watch") == started.answer.find("memory_watch"));
    // One that was adopted and one that was not, both can be stopped.
    jail.stop(spec.id);
    jail.stop(other.id);
    CHECK(test::is_readable(adopted.process, std::chrono::milliseconds{0}));
    CHECK(count_groups(spec.id) + count_groups(other.id) == 0);
}

TEST_CASE("A desk whose process is dead or another is not adopted") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    const auto started = jail.start(spec);
    const auto path = jail.data() + "/desks/" + spec.id + "/identity.json";
    const auto truth = core::read_file(path);
    struct Lie {
        std::string member;
        std::string value;
    };
    for (const auto& [member, value] :
         {Lie{"started", "1"}, Lie{"boot", "\"x\""}, Lie{"user_namespace", "7"}, Lie{"pid_namespace", "7"},
          Lie{"pid", std::to_string(::getpid())}, Lie{"id", "\"desk_000000000000\""}, Lie{"slot", "many"}}) {
        CAPTURE(member);
        auto lie = truth;
        const auto at = lie.find("\"" + member + "\": ") + member.size() + 4;
        lie.replace(at, lie.find_first_of(",\n", at) - at, value);
        core::replace_file(path, lie, 0600);
        jail.restart();
        const auto reply = jail.ask(jail::wire::Adopt{spec.id});
        REQUIRE(reply.answer.error);
        MESSAGE(reply.answer.error->message());
        CHECK(jail.ask(jail::wire::List{}).answer.find(spec.id) != "alive");
    }
    core::replace_file(path, truth, 0600);
    CHECK(!jail.ask(jail::wire::Adopt{spec.id}).answer.error);
    ::kill(static_cast<pid_t>(started.answer.get_number("pid")), SIGKILL);
    CHECK(test::is_readable(started.process, test::patience));
    jail.restart();
    CHECK(jail.ask(jail::wire::Adopt{spec.id}).answer.error);
    jail.stop(spec.id);
    CHECK(jail.ask(jail::wire::Adopt{spec.id}).answer.error->code() == core::Code::not_found);
}

TEST_CASE("How a desk ended is known") {
    JailUnderTest jail;
    const auto left = jail.spec();
    const auto killed = jail.spec();
    const auto one = jail.start(left);
    const auto two = jail.start(killed);
    CHECK(jail.ask(jail::wire::Ending{left.id}).answer.find("status") == std::nullopt);
    ::kill(static_cast<pid_t>(two.answer.get_number("pid")), SIGKILL);
    CHECK(test::is_readable(two.process, test::patience));
    CHECK(jail.ask(jail::wire::Ending{killed.id}).answer.find("signal") == "9");
    // Only PID 1 itself can leave, so it is told by the shell of a child: here by killing it from outside
    // with a signal it does not handle from inside.
    ::kill(static_cast<pid_t>(one.answer.get_number("pid")), SIGTERM);
    CHECK(!jail.ask(jail::wire::Ending{left.id}).answer.error);
}

TEST_CASE("What a crash left behind is removed on request, and strays at the start") {
    JailUnderTest jail;
    jail.ask(jail::wire::List{});
    const auto id = core::make_id("desk_");
    fs::create_directories(jail.data() + "/desks/" + id + "/upper");
    CHECK(jail.ask(jail::wire::List{}).answer.find(id) == "it was never finished");
    CHECK(jail.ask(jail::wire::Adopt{id}).answer.error->message() == "it was never finished");
    jail.stop(id);
    CHECK(jail.ask(jail::wire::List{}).answer.find(id) == std::nullopt);
    jail.stop(id);

    std::string groups{jail.ask(jail::wire::Doctor{}).answer.find("hierarchies").value_or("")};
    for (const auto& tree : jail::cgroup::parse_hierarchies(groups))
        fs::create_directory(tree.folder + "/" + id);
    core::replace_file(jail.data() + "/endpoints/" + id, "", 0600);
    fs::create_directories(jail.data() + "/trash/" + id + "-1/upper");
    jail.restart();
    jail.ask(jail::wire::List{});
    CHECK(count_groups(id) == 0);
    CHECK(!fs::exists(jail.data() + "/endpoints/" + id));
    CHECK(test::eventually([&] { return count_entries(jail.data() + "/trash") == 0; }));
}

TEST_CASE("Group folders of jails that are no more are swept, those of others are left alone") {
    JailUnderTest jail;
    JailUnderTest neighbour;
    const auto spec = neighbour.spec();
    const auto trees = jail::cgroup::parse_hierarchies(
        jail.ask(jail::wire::Doctor{}).answer.find("hierarchies").value_or(""));
    neighbour.ask(jail::wire::Doctor{});
    REQUIRE(!trees.empty());
    std::vector<fs::path> strays;
    for (const auto& tree : trees)
        strays.push_back(fs::path{tree.folder}.parent_path() / ("carrel-" + core::random_hex(8)));
    for (const auto& stray : strays) fs::create_directories(stray / spec.id);
    jail.restart();
    jail.ask(jail::wire::Doctor{});
    for (const auto& stray : strays) CHECK(!fs::exists(stray));
    // The neighbour's were empty, too, but in use.
    CHECK(neighbour.start(spec).answer.find("warning") == std::nullopt);
    CHECK(count_groups(spec.id) == trees.size());
    neighbour.stop(spec.id);
}

TEST_CASE("Jails that start at the same time sweep nothing that another has just made") {
    for (int round = 0; round < 5; ++round) {
        std::vector<std::unique_ptr<JailUnderTest>> jails;
        for (int number = 0; number < 8; ++number) jails.push_back(std::make_unique<JailUnderTest>());
        for (const auto& jail : jails) {
            const auto answer = jail->ask(jail::wire::Doctor{}).answer;
            CHECK(!answer.find("hierarchies").value_or("").empty());
            CHECK(answer.find("warning") == std::nullopt);
        }
    }
}

TEST_CASE("The jail ends when its socket does, and leaves no group folder when it made no desk") {
    JailUnderTest jail;
    const auto answer = jail.ask(jail::wire::Doctor{}).answer;
    const auto trees = jail::cgroup::parse_hierarchies(answer.find("hierarchies").value_or(""));
    CHECK(!trees.empty());
    CHECK(jail.end() == 0);
    for (const auto& tree : trees) CHECK(!fs::exists(tree.folder));
}
