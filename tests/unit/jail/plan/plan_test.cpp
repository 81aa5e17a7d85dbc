#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "core/sys.hpp"
#include "jail/plan/plan.hpp"

using namespace carrel::jail::plan;
namespace wire = carrel::jail::wire;

namespace {

wire::Spec some_spec() {
    return {.id = "desk_0123456789ab",
            .slot = 3,
            .image = "desktop",
            .image_hash = std::string(64, 'c'),
            .nonce = std::string(32, 'e'),
            .width = 1280,
            .height = 800,
            .network = wire::Network::none,
            .limits = {.memory = 4ULL << 30, .cpu = 200, .processes = 1024}};
}

HostFacts some_host() {
    return {.data = "/var/lib/carrel",
            .carrel_uid = 990,
            .carrel_gid = 991,
            .desk_hash = std::string(64, 'd'),
            .hierarchies = {{.folder = "/sys/fs/cgroup/carrel-1",
                             .is_v2 = true,
                             .memory = true,
                             .cpu = true,
                             .processes = true,
                             .freezer = true}},
            .overlay_by_descriptor = true,
            .clone_into_cgroup = true,
            .own_devices = true,
            .processors = 4,
            .most_files = 8192,
            .first_id = 2'000'196'608};
}

/// The plan must be what tests/unit/jail/plan/golden/NAME.txt says. CARREL_WRITE_GOLDEN=1 writes the
/// file anew; the difference is then read in review.
void check_golden(const std::string& name, const Plan& made) {
    const auto path = fmt::format("{}/tests/unit/jail/plan/golden/{}.txt", CARREL_SOURCE_DIR, name);
    if (std::getenv("CARREL_WRITE_GOLDEN")) std::ofstream{path} << to_text(made);
    CHECK(to_text(made) == carrel::core::find_file_text(path).value_or("no such file"));
}

}  // namespace

TEST_CASE("On a new kernel with cgroup v2 a desk begins in its group, with layers by descriptor") {
    check_golden("cgroup_v2", plan_desk(some_spec(), some_host()));
}

TEST_CASE(
    "A workspace is sent after the root and attached over all else that is mounted, home too if asked") {
    auto spec = some_spec();
    spec.workspace = wire::Workspace{.owner = std::string(64, 'f'), .name = "notes", .home = true};
    const auto with = to_text(plan_desk(spec, some_host()));
    const auto folder = "/var/lib/carrel/workspaces/" + std::string(64, 'f') + "/notes";
    CHECK(with.contains("host  send the root\nhost  send files of workspace " + folder +
                        "\nhost  send home of workspace " + folder +
                        ", at first as /var/lib/carrel/images/desktop/" + std::string(64, 'c') +
                        "/root/home/agent\n"));
    CHECK(
        with.contains("desk  attach of the workspace at /workspace\ndesk  attach of the workspace at "
                      "/home/agent\ndesk  pivot"));
    spec.workspace->home = false;
    CHECK(!to_text(plan_desk(spec, some_host())).contains("at /home/agent"));
}

TEST_CASE("What a desk may write is a disk of its own, and bounds what it keeps in memory as files") {
    auto spec = some_spec();
    auto host = some_host();
    spec.limits.disk = 100ULL << 20;
    host.own_disks = true;
    const auto plan = plan_desk(spec, host);
    const auto text = to_text(plan);
    CHECK(text.contains(
        "host  folder /var/lib/carrel/desks/desk_0123456789ab 0700\n"
        "host  disk of 104857600 bytes for what it writes, /var/lib/carrel/desks/desk_0123456789ab/disk\n"
        "host  folder work of its layer\n"));
    CHECK(text.contains("/tmp nosuid,nodev mode=1777 size=100m nr_inodes=262144"));
    CHECK(text.contains("/dev/shm nosuid,nodev,noexec mode=1777 size=100m nr_inodes=262144"));
    CHECK(plan.warnings.empty());
    // The display and a browser need some.
    spec.limits.disk = 16ULL << 20;
    CHECK(to_text(plan_desk(spec, host)).contains("mode=1777 size=64m"));
    spec.limits.disk = 2000ULL << 20;
    CHECK(to_text(plan_desk(spec, host)).contains("mode=1777 size=512m"));
    host.own_disks = false;
    const auto soft = plan_desk(spec, host);
    CHECK(!to_text(soft).contains("disk of"));
    REQUIRE(soft.warnings.size() == 1);
    CHECK(soft.warnings[0].contains("is soft"));
    spec.limits.disk = 0;
    CHECK(plan_desk(spec, host).warnings.empty());
}

TEST_CASE("On a hybrid host v1 limits and v2 freezes") {
    auto host = some_host();
    host.hierarchies = {{.folder = "/sys/fs/cgroup/unified/carrel-1", .is_v2 = true, .freezer = true},
                        {.folder = "/sys/fs/cgroup/memory/carrel-1", .memory = true},
                        {.folder = "/sys/fs/cgroup/cpu/carrel-1", .cpu = true},
                        {.folder = "/sys/fs/cgroup/pids/carrel-1", .processes = true}};
    check_golden("cgroup_hybrid", plan_desk(some_spec(), host));
}

TEST_CASE("On an old kernel without cgroups a desk is made by paths, and what it lacks is said") {
    auto host = some_host();
    host.hierarchies.clear();
    host.overlay_by_descriptor = false;
    host.clone_into_cgroup = false;
    host.own_devices = false;
    check_golden("no_cgroups", plan_desk(some_spec(), host));
}

TEST_CASE("An image of several layers is mounted with the upmost first, and one without a display says so") {
    auto host = some_host();
    host.image = {false, {{"middle", std::string(64, 'b')}, {"low", std::string(64, 'a')}}};
    const auto text = to_text(plan_desk(some_spec(), host));
    const auto root = [](const char* image, char digit) {
        return fmt::format("/var/lib/carrel/images/{}/{}/root", image, std::string(64, digit));
    };
    const auto upmost = text.find(root("desktop", 'c'));
    const auto middle = text.find(root("middle", 'b'));
    const auto lowest = text.find(root("low", 'a'));
    REQUIRE(lowest != std::string::npos);
    CHECK(upmost < middle);
    CHECK(middle < lowest);
    CHECK(text.contains(" CARREL_DISPLAY=none"));
    CHECK_FALSE(to_text(plan_desk(some_spec(), some_host())).contains("CARREL_DISPLAY"));
}

TEST_CASE("Capabilities go after the last step that needs one, and the filter comes last") {
    const auto text = to_text(plan_desk(some_spec(), some_host()));
    std::size_t last = 0;
    for (const char* step :
         {"host  clone", "host  map ids", "host  overlay", "desk  take the root", "desk  pivot",
          "desk  await go", "host  record", "host  let go", "desk  new cgroup namespace",
          "desk  drop all capabilities", "desk  become 1000:1000", "desk  no new privileges",
          "desk  filter system calls", "desk  run"}) {
        CAPTURE(step);
        const auto at = text.find(step);
        REQUIRE(at != std::string::npos);
        CHECK(at >= last);
        last = at;
    }
}

TEST_CASE("A desk of an image without a display is told so, and else nothing is different") {
    auto host = some_host();
    host.image.has_display = false;
    const auto with = to_text(plan_desk(some_spec(), some_host()));
    auto without = to_text(plan_desk(some_spec(), host));
    CHECK(with.find("CARREL_DISPLAY") == with.npos);
    const std::string told = " CARREL_DISPLAY=none";
    const auto place = without.find(told);
    REQUIRE(place != without.npos);
    CHECK(without.erase(place, told.size()) == with);
}

TEST_CASE("A desk that slept takes its folder over, with its disk if it had one") {
    auto spec = some_spec();
    spec.has_kept_files = true;
    spec.limits.disk = 1 << 30;
    auto host = some_host();
    const auto steps_of = [&] {
        const auto text = to_text(plan_desk(spec, host));
        return text.substr(0, text.find("host  file "));
    };
    const std::string folders =
        "host  clear work of its layer\n"
        "host  folder work of its layer\n"
        "host  folder upper of its layer\n"
        "host  folder upper/etc of its layer\n";
    // What it had counts, not what a new one would have.
    host.own_disks = true;
    CHECK(steps_of() == "host  take over the files of desk_0123456789ab\n" + folders);
    CHECK(plan_desk(spec, host).warnings.back() == soft_disk_warning);
    host.own_disks = false;
    host.has_kept_disk = true;
    CHECK(steps_of() ==
          "host  take over the files of desk_0123456789ab\n"
          "host  its disk as it was, /var/lib/carrel/desks/desk_0123456789ab/disk\n" +
              folders);
    CHECK(plan_desk(spec, host).warnings.empty());
}
