#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "driver/native/native_driver.hpp"
#include "tests/fakes/temp_dir.hpp"

using namespace carrel;
namespace fs = std::filesystem;

namespace {

timespec changed(const fs::path& path) {
    struct stat status{};
    ::stat(path.c_str(), &status);
    return status.st_ctim;
}

/// Touches `path` until the file system's clock shows it newer than `other`.
void make_newer(const fs::path& path, const fs::path& other) {
    do {
        fs::permissions(path, fs::perms::owner_all);
        std::this_thread::yield();
    } while (changed(path).tv_sec == changed(other).tv_sec &&
             changed(path).tv_nsec <= changed(other).tv_nsec);
}

}  // namespace

TEST_CASE("A desk is made from the newest whole build of its image") {
    fakes::TempDir data;
    const std::string root = data.path();
    CHECK(driver::native::find_newest_build(root, "desktop") == std::nullopt);
    const fs::path image = fs::path{root} / "images/desktop";
    const std::string one(64, 'a'), two(64, 'b');
    for (const auto& name : {one, two, std::string{".draft"}, std::string(64, 'X')})
        fs::create_directories(image / name);
    make_newer(image / one, image / two);
    CHECK(driver::native::find_newest_build(root, "desktop") == one);
    make_newer(image / two, image / one);
    make_newer(image / ".draft", image / two);
    CHECK(driver::native::find_newest_build(root, "desktop") == two);
}
