#include "image/furnish.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>

#include "core/error.hpp"
#include "core/sys.hpp"
#include "image/inside.hpp"
#include "tests/fakes/temp_dir.hpp"

using namespace carrel;

namespace {

namespace fs = std::filesystem;

bool is_root() { return ::geteuid() == 0; }

mode_t mode_of(const std::string& path) {
    struct stat status{};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("the agent has its line, and nobody else its number or name") {
    const auto* line = "agent:x:1000:1000::/home/agent:/bin/sh";
    CHECK(image::with_agent("root:x:0:0::/root:/bin/sh\n", line) ==
          std::string{"root:x:0:0::/root:/bin/sh\n"} + line + "\n");
    CHECK(image::with_agent("root:x:0:0::/:/x\nnode:x:1000:1000::/home/node:/x\nagent:x:7:7::/:/x", line) ==
          std::string{"root:x:0:0::/:/x\n"} + line + "\n");
    CHECK(image::with_agent("\n::\nodd\n", line) == std::string{"::\nodd\n"} + line + "\n");
}

TEST_CASE("a foreign root keeps no device, pipe, set-uid program or attribute" * doctest::skip(!is_root())) {
    const fakes::TempDir folder;
    const auto root = folder / "root";
    const auto program = folder.write("root/usr/bin/su", "x");
    const auto outside = folder.write("outside", "x");
    REQUIRE(::chmod(outside.c_str(), 04755) == 0);
    REQUIRE(::chmod(program.c_str(), 06755) == 0);
    REQUIRE(::setxattr(program.c_str(), "trusted.overlay.opaque", "y", 1, 0) == 0);
    REQUIRE(::mknod((root + "/null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0);
    REQUIRE(::mknod((root + "/white-out").c_str(), S_IFCHR, makedev(0, 0)) == 0);
    REQUIRE(::mkfifo((root + "/pipe").c_str(), 0666) == 0);
    fs::create_symlink(outside, root + "/link");
    image::clean_root(root);
    CHECK(mode_of(program) == 0755);
    CHECK(::lgetxattr(program.c_str(), "trusted.overlay.opaque", nullptr, 0) < 0);
    for (const auto* gone : {"/null", "/white-out", "/pipe"})
        CHECK_FALSE(fs::exists(fs::symlink_status(root + gone)));
    CHECK(fs::is_symlink(root + "/link"));
    CHECK(mode_of(outside) == 04755);
}

TEST_CASE("a foreign root gets what a desk needs, and no link of it leads out" * doctest::skip(!is_root())) {
    const fakes::TempDir folder;
    const auto root = folder / "root";
    const auto outside = folder.write("outside/passwd", "untouched");
    fs::create_directories(root);
    // By itself, by its folder, and what would be emptied.
    fs::create_symlink(folder / "outside", root + "/etc");
    fs::create_symlink(folder / "outside", root + "/tmp");
    fs::create_symlink("../../../../outside", root + "/home");
    image::run_inside_root(root, image::furnish_root);
    CHECK(core::read_file(outside) == "untouched");
    CHECK(fs::is_directory(fs::symlink_status(root + "/etc")));
    CHECK(core::read_file(root + "/etc/passwd") ==
          "root:x:0:0:root:/root:/bin/sh\nagent:x:1000:1000::/home/agent:/bin/sh\n");
    CHECK(core::read_file(root + "/etc/resolv.conf").empty());
    CHECK(mode_of(root + "/tmp") == 01777);
    struct stat home{};
    REQUIRE(::lstat((root + "/home/agent").c_str(), &home) == 0);
    CHECK(home.st_uid == 1000);
    CHECK(fs::exists(root + "/home/agent/Downloads"));
    // Once more, upon what is there.
    image::run_inside_root(root, image::furnish_root);
    CHECK(core::read_file(root + "/etc/hostname") == "desk\n");
}

TEST_CASE("what fails inside a root is told outside" * doctest::skip(!is_root())) {
    const fakes::TempDir folder;
    CHECK_THROWS_WITH_AS(
        image::run_inside_root(folder.path(), [] { throw core::Error{core::Code::invalid, "too dark"}; }),
        "too dark", core::Error);
    CHECK_THROWS_AS(image::run_inside_root(folder / "nowhere", [] {}), core::Error);
}

TEST_CASE("a foreign root is read as a program in it would read") {
    const fakes::TempDir folder;
    folder.write("root/real", "hello");
    folder.write("outside", "secret");
    fs::permissions(folder.write("root/usr/bin/tool", "x"), fs::perms{0755});
    fs::create_symlink("/real", folder / "root/link");
    fs::create_symlink("../outside", folder / "root/up");
    CHECK(image::find_text_inside(folder / "root", "link") == "hello");
    CHECK_FALSE(image::find_text_inside(folder / "root", "up"));
    CHECK_FALSE(image::find_text_inside(folder / "root", "real", 4));
    CHECK_FALSE(image::find_text_inside(folder / "root", "usr"));
    CHECK(image::has_program(folder / "root", "usr/bin/tool"));
    CHECK_FALSE(image::has_program(folder / "root", "real"));
}
