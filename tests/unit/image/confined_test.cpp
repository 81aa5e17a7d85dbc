#include "image/confined.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "core/error.hpp"
#include "core/sys.hpp"
#include "tests/fakes/temp_dir.hpp"

using namespace carrel;

namespace {

bool is_root() { return ::geteuid() == 0; }

/// A folder on a file system whose ids can be mapped, as that of images is; /tmp may be none.
struct Confined {
    std::string folder;
    std::vector<std::string> lines;
    std::optional<std::string> complaint;

    Confined() {
        std::string pattern = "/var/tmp/carrel-test-XXXXXX";
        folder = ::mkdtemp(pattern.data());
    }
    ~Confined() { std::filesystem::remove_all(folder); }
    int sh(const std::string& script) {
        lines.clear();
        const image::Confinement confinement{folder, 1'000'000, [this] { return complaint; }};
        return image::run_contained(
            {"sh", "-c", script}, "/draft", [this](std::string_view line) { lines.emplace_back(line); },
            &confinement);
    }
    std::string said() const { return fmt::format("{}", fmt::join(lines, " ")); }
};

}  // namespace

TEST_CASE("a confined program sees a root of its own, and writes its own ids to its folder" *
          doctest::skip(!is_root())) {
    Confined confined;
    REQUIRE_MESSAGE(confined.sh("id -u; pwd; ls / | grep -vE '^(bin|sbin|lib|lib64)$'") == 0,
                    confined.said());
    CHECK(confined.said() == "0 /draft dev draft proc usr");
    REQUIRE_MESSAGE(confined.sh("echo hello > file; chown 1000:100 file; echo $TMPDIR") == 0,
                    confined.said());
    struct stat status{};
    REQUIRE(::stat((confined.folder + "/file").c_str(), &status) == 0);
    CHECK(status.st_uid == 1000);
    CHECK(status.st_gid == 100);
    CHECK(core::read_file(confined.folder + "/file") == "hello\n");
}

TEST_CASE("a confined program cannot change the host, make devices, reach a network or gain anything" *
          doctest::skip(!is_root())) {
    Confined confined;
    // Alone it works, so what fails below is what was tried.
    REQUIRE_MESSAGE(confined.sh("touch here && mkdir there && chown 65535 there 2>/dev/null") == 0,
                    confined.said());
    for (const auto* attempt :
         {"touch /usr/bin/carrel-test", "touch /here", "touch /dev/here", "mknod node c 1 3",
          "chown 65536 here", "mount -t tmpfs none there", "umount /usr", "mount -o remount,bind,rw /usr",
          "mount --bind /usr there", "cat /etc/passwd", "ls /proc/1/root/",
          "echo x > /proc/sys/kernel/core_pattern", "kill -0 1", "tail -n +3 /proc/net/dev | grep -v lo:"})
        CHECK_MESSAGE(confined.sh(std::string{attempt} + " 2>/dev/null") != 0, attempt);
    CHECK(confined.sh("head -c 2000000 /proc/self/exe /usr/bin/* > big 2>/dev/null") != 0);
    CHECK(std::filesystem::file_size(confined.folder + "/big") <= 1'000'000);
    CHECK_FALSE(std::filesystem::exists("/usr/bin/carrel-test"));
}

TEST_CASE("a confined program ends when there is something to complain of" * doctest::skip(!is_root())) {
    Confined confined;
    confined.complaint = "it grew too large";
    CHECK_THROWS_WITH_AS(confined.sh("sleep 1000"), "it grew too large", core::Error);
}
