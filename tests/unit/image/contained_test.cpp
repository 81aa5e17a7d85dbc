#include "image/contained.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "core/error.hpp"
#include "tests/fakes/temp_dir.hpp"

using namespace carrel;

namespace {

struct Run {
    fakes::TempDir folder;
    std::vector<std::string> lines;

    int sh(const std::string& script) {
        return image::run_contained({"sh", "-c", script}, folder.path(),
                                    [this](std::string_view line) { lines.emplace_back(line); });
    }
};

/// Namespaces need root; the rest of the suite runs without.
bool is_root() { return ::geteuid() == 0; }

}  // namespace

TEST_CASE("a contained program's lines and exit status come back" * doctest::skip(!is_root())) {
    Run run;
    CHECK(run.sh("echo one; echo two >&2; printf 'three\\rfour'; exit 7") == 7);
    CHECK(run.lines == std::vector<std::string>{"one", "two", "three", "four"});
    CHECK(run.sh("kill -KILL $$") == 128 + SIGKILL);
    run.lines.clear();
    CHECK(run.sh("echo $TMPDIR") == 0);
    CHECK(run.lines == std::vector<std::string>{run.folder.path()});
}

TEST_CASE("a program that is not installed is named" * doctest::skip(!is_root())) {
    std::string said;
    CHECK(image::run_contained({"carrel-no-such-program"}, "/tmp",
                               [&](std::string_view line) { said = line; }) != 0);
    CHECK(said.starts_with("carrel-no-such-program: No such file"));
}

TEST_CASE("mounts are not seen outside, and what goes on in the background ends" *
          doctest::skip(!is_root())) {
    Run run;
    const auto place = run.folder.path() + "/place";
    struct stat before{}, after{};
    ::mkdir(place.c_str(), 0700);
    REQUIRE(::stat(place.c_str(), &before) == 0);
    // The background process holds the output: if it survived, this call would not return.
    CHECK(run.sh("mount -t tmpfs none " + place + " && (sleep 1000 & ) && echo mounted") == 0);
    CHECK(run.lines == std::vector<std::string>{"mounted"});
    REQUIRE(::stat(place.c_str(), &after) == 0);
    CHECK(before.st_dev == after.st_dev);
}

TEST_CASE("a signal that asks to end cancels the program and all it started" * doctest::skip(!is_root())) {
    fakes::TempDir folder;
    const auto cancel = [](std::string_view) { ::kill(::getpid(), SIGTERM); };
    CHECK_THROWS_WITH_AS(
        image::run_contained({"sh", "-c", "echo started; sleep 1000 & sleep 1000"}, folder.path(), cancel),
        "cancelled by SIGTERM", core::Error);
}
