#include "image/progress.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <vector>

using namespace carrel;

TEST_CASE("phases, sizes and tenths of the packages are shown, nothing else") {
    image::ProgressReader reader;
    std::vector<std::string> shown;
    const auto read = [&](std::string_view line) {
        if (auto text = reader.read(line)) shown.push_back(*text);
    };
    read("I: running apt-get update...");
    read("Get:1 http://deb.example/debian bookworm InRelease [151 kB]");
    read("0 upgraded, 20 newly installed, 0 to remove and 0 not upgraded.");
    read("Need to get 357 MB of archives.");
    read("After this operation, 1170 MB of additional disk space will be used.");
    for (int i = 0; i < 20; ++i) read(fmt::format("Unpacking package{} (1.0) ...", i));
    read("Selecting previously unselected package x.");
    for (int i = 0; i < 4; ++i) read(fmt::format("Setting up package{} (1.0) ...", i));
    read("carrel: run fc-cache");
    CHECK(shown == std::vector<std::string>{
                       "reading Debian's lists of packages", "downloading 20 packages, 357 MB",
                       "installing 20 packages: 10 % (unpacked)", "installing 20 packages: 20 % (unpacked)",
                       "installing 20 packages: 30 % (unpacked)", "installing 20 packages: 40 % (unpacked)",
                       "installing 20 packages: 50 % (unpacked)", "installing 20 packages: 60 % (set up)",
                       "run fc-cache"});
}

TEST_CASE("the last lines are kept for the case of a failure") {
    image::ProgressReader reader;
    for (int i = 0; i < 100; ++i) reader.read(fmt::format("line {}\r", i));
    reader.read("E: no space left");
    const auto last = reader.last_lines();
    CHECK(last.starts_with("line 89\n"));
    CHECK(last.ends_with("line 99\nE: no space left"));
}
