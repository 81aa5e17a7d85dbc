#include "desk/files/walk.hpp"

#include <doctest/doctest.h>

#include "tests/unit/desk/files/client.hpp"

using namespace carrel::desk::files;
using carrel::files_test::Folder;
namespace fs = std::filesystem;

namespace {

std::string walked(const std::string& top, Walk::Options options) {
    std::string met;
    Walk walk{top, std::move(options)};
    while (const auto next = walk.next()) met += (met.empty() ? "" : " ") + next->path;
    return met;
}

}  // namespace

TEST_CASE("A directory is told when it is open, before its names are read") {
    const Folder folder;
    fs::create_directory(folder.path / "in");
    const auto add_file = [&](std::string_view path, int) {
        fs::create_directory(folder.path / path / "late");
    };
    CHECK(walked(folder.path, {.depth = 3, .enters = {}, .opened = add_file, .failed = {}}) ==
          "in in/late in/late/late late late/late late/late/late");
}

TEST_CASE("What takes the name of an open directory is not what is read") {
    const Folder folder;
    fs::create_directories(folder.path / "in" / "first");
    const auto exchange = [&](std::string_view path, int) {
        if (path != "in") return;
        fs::rename(folder.path / "in", folder.path / "was");
        fs::create_directories(folder.path / "in" / "second");
    };
    CHECK(walked(folder.path, {.enters = {}, .opened = exchange, .failed = {}}) == "in in/first");
}

TEST_CASE("A directory that cannot be opened is told, and why") {
    const Folder folder;
    fs::create_directories(folder.path / "in" / "deep");
    std::string failed;
    const auto note = [&](std::string_view path, const carrel::core::Error& why) {
        failed += std::string{path} + (why.code() == carrel::core::Code::not_found ? " gone" : " refused");
    };
    Walk walk{folder.path, {.enters = {}, .opened = {}, .failed = note}};
    REQUIRE(walk.next());
    fs::remove_all(folder.path / "in");
    CHECK_FALSE(walk.next());
    CHECK(failed == "in gone");
}

TEST_CASE("A directory that who hears of it throws for is not read, and is told with what was thrown") {
    const Folder folder;
    fs::create_directories(folder.path / "a" / "in");
    fs::create_directories(folder.path / "b" / "in");
    const auto refuse = [](std::string_view path, int) {
        if (path == "a") throw carrel::core::Error{carrel::core::Code::exhausted, "no more"};
    };
    std::string failed;
    const auto note = [&](std::string_view path, const carrel::core::Error& why) {
        failed += std::string{path} + ": " + why.message();
    };
    CHECK(walked(folder.path, {.enters = {}, .opened = refuse, .failed = note}) == "a b b/in");
    CHECK(failed == "a: no more");
}
