#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "core/id.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "jail/host/ranges.hpp"

using namespace carrel;
using jail::host::Ranges;
namespace fs = std::filesystem;

namespace {

constexpr std::uint32_t base = 65536U * 100;
constexpr std::uint32_t next = 65536U * 101;

/// A host with its folder of claims and some data directories.
struct Claims {
    fs::path top = fs::temp_directory_path() / ("carrel-ranges-" + core::random_hex(8));
    std::string folder = top / "claims";

    Claims() { fs::create_directories(top); }
    ~Claims() { fs::remove_all(top); }
    Claims(const Claims&) = delete;
    Claims& operator=(const Claims&) = delete;

    std::string data(const std::string& name) const {
        fs::create_directories(top / name / "desks");
        return top / name;
    }
    /// A jail that starts on that directory.
    Ranges start(const std::string& name, const std::set<jail::host::Range>& in_use = {}) const {
        return {folder, data(name), base, in_use};
    }
    bool has(int range) const { return fs::is_symlink(fs::path{folder} / std::to_string(range)); }
};

}  // namespace

TEST_CASE("Jails of two data directories never give two desks one range") {
    const Claims host;
    auto first = host.start("first");
    auto second = host.start("second");
    CHECK(first.take("desk_a", 0) == base);
    CHECK(second.take("desk_b", 0) == next);
    CHECK(first.take("desk_c", 1) == 65536U * 102);
    CHECK(second.take("desk_d", 40) == 65536U * 140);
}

TEST_CASE("A claim outlives its jail, and goes with its desk") {
    const Claims host;
    CHECK(host.start("first").take("desk_a", 0) == base);
    fs::create_directories(host.data("first") + "/desks/desk_a");
    auto again = host.start("first");
    auto second = host.start("second");
    CHECK(second.take("desk_b", 0) == next);
    again.keep("desk_a", base);
    again.give_back("desk_a");
    again.give_back("desk_a");
    CHECK(second.take("desk_c", 0) == base);
}

TEST_CASE("What nobody needs is swept by the next jail that starts, and nothing else is") {
    const Claims host;
    {
        auto first = host.start("first");
        auto gone = host.start("gone");
        first.take("desk_dead", 0);
        first.take("desk_living", 1);
        gone.take("desk_lost", 2);
        gone.take("desk_hidden", 3);
    }
    fs::create_symlink("another-boot 1:2 desk_old " + host.data("second"), host.folder + "/104");
    fs::create_symlink("nonsense", host.folder + "/105");
    fs::create_directories(host.data("first") + "/desks/desk_living");
    // While a directory is there, a desk of it may just be starting.
    host.start("second", {103});
    for (const int range : {100, 101, 102, 103}) CHECK(host.has(range));
    for (const int range : {104, 105}) CHECK(!host.has(range));
    fs::rename(host.data("gone"), host.top / "elsewhere");
    // Of desk_hidden processes are seen.
    host.start("second", {103});
    CHECK(!host.has(102));
    CHECK(host.has(103));
    host.start("first");
    CHECK(!host.has(100));
    CHECK(host.has(101));
}

TEST_CASE("Ids that somebody has without a claim are passed over") {
    const Claims host;
    auto jail = host.start("first", {100, 102});
    CHECK(jail.take("desk_a", 0) == next);
    CHECK(jail.take("desk_b", 0) == 65536U * 103);
}

TEST_CASE("A desk of an earlier version, whose ids begin anywhere, keeps both ranges that they touch") {
    const Claims host;
    auto first = host.start("first");
    first.keep("desk_a", base + 5);
    auto second = host.start("second");
    CHECK(second.take("desk_b", 0) == 65536U * 102);
    first.give_back("desk_a");
    CHECK(second.take("desk_c", 0) == base);
    CHECK(second.take("desk_d", 0) == next);
}

TEST_CASE("A base between two ranges begins with the next one, and the last is the resolver's") {
    const Claims host;
    Ranges jail{host.folder, host.data("first"), 65536U * 65533 + 1, {}};
    CHECK(jail.take("desk_a", 7) == 65536U * 65534);
    CHECK_THROWS_WITH_AS(jail.take("desk_b", 0), "every range of user ids from 65534 up is another desk's",
                         core::Error);
}

TEST_CASE("A folder of claims in which others can write is refused") {
    const Claims host;
    fs::create_directories(host.folder);
    ::chmod(host.folder.c_str(), 0777);
    CHECK_THROWS_AS(host.start("first"), core::Error);
    fs::remove(host.folder);
    fs::create_directory_symlink(host.data("second"), host.folder);
    CHECK_THROWS_AS(host.start("first"), core::Error);
}

TEST_CASE("The ids of processes that live here are in use") {
    const auto in_use = jail::host::ranges_in_use();
    CHECK(!in_use.contains(0));
}
