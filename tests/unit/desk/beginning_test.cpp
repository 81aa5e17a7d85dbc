#include "desk/beginning.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "desk/spawn/child.hpp"

using namespace carrel;

namespace {

bool has(char* const* environment, std::string_view line) {
    for (; *environment; ++environment)
        if (*environment == line) return true;
    return false;
}

}  // namespace

TEST_CASE(
    "Programs are told locale, time zone and proxy in variables; what the environment says itself wins") {
    using desk::environment_of;
    CHECK(environment_of({}).empty());
    CHECK(environment_of({.command = "true"}).empty());
    CHECK(environment_of({.locale = "C.UTF-8", .time_zone = "Asia/Tokyo"}) ==
          std::vector<std::string>{"LANG=C.UTF-8", "TZ=Asia/Tokyo"});
    const auto lines = environment_of({.environment = {{"no_proxy", "intern"}, {"TZ", "UTC"}},
                                       .time_zone = "Asia/Tokyo",
                                       .http_proxy = "http://h:1"});
    CHECK(lines == std::vector<std::string>{
                       "HTTPS_PROXY=http://h:1", "HTTP_PROXY=http://h:1", "NO_PROXY=localhost,127.0.0.1,::1",
                       "TZ=UTC", "http_proxy=http://h:1", "https_proxy=http://h:1", "no_proxy=intern"});
}

TEST_CASE("A locale is found by each spelling that glibc knows") {
    const auto* available = "C\nC.utf8\nde_DE.utf8\nde_DE@euro\nPOSIX\nja_JP.eucjp\n";
    for (const auto* name :
         {"C", "C.UTF-8", "C.utf8", "de_DE.UTF-8", "de_DE.utf-8", "de_DE@euro", "ja_JP.EUC-JP"}) {
        CAPTURE(name);
        CHECK(desk::has_locale(available, name));
    }
    for (const auto* name : {"de", "de_DE", "de_AT.UTF-8", "en_US.UTF-8", "DE_de.utf8", "", "C.utf8@euro"}) {
        CAPTURE(name);
        CHECK_FALSE(desk::has_locale(available, name));
    }
}

TEST_CASE("What is given to programs replaces what they would inherit, and nothing of ours reaches them") {
    ::setenv("CARREL_GIVEN_LANG", "de_DE.UTF-8", 1);
    ::setenv("CARREL_BEGUN", "digest", 1);
    desk::spawn::give_environment({"GIT_TERMINAL_PROMPT=1", "PATH=/given"});
    const auto* const programs = desk::spawn::program_environment();
    CHECK(has(programs, "LANG=de_DE.UTF-8"));
    CHECK(has(programs, "PATH=/given"));
    for (auto* const* line = programs; *line; ++line)
        CHECK_FALSE(std::string_view{*line}.starts_with("CARREL_"));
    CHECK(has(desk::spawn::unattended_environment(), "GIT_TERMINAL_PROMPT=1"));
    CHECK_FALSE(has(desk::spawn::unattended_environment(), "GIT_TERMINAL_PROMPT=0"));
    CHECK(has(desk::spawn::unattended_environment(), "PIP_NO_INPUT=1"));
    CHECK(std::ranges::none_of(desk::spawn::unattended_lines(),
                               [](const std::string& line) { return line.starts_with("GIT_"); }));
    ::unsetenv("CARREL_GIVEN_LANG");
    ::unsetenv("CARREL_BEGUN");
    desk::spawn::give_environment({});
    CHECK(has(desk::spawn::unattended_environment(), "GIT_TERMINAL_PROMPT=0"));
}
