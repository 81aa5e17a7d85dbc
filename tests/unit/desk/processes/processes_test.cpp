#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "desk/processes/table.hpp"
#include "tests/fakes/temp_dir.hpp"

using namespace carrel::desk;
using namespace carrel::desk::processes;
using namespace std::string_view_literals;

namespace {

constexpr auto after_name =
    "S 1 12 12 0 -1 4194560 1063 2 0 0 150 50 0 0 20 0 3 0 2000 8581120 2560 18446744073709551615 1 1 0\n"sv;

std::string stat_line(std::string_view pid, std::string_view name, std::string_view rest = after_name) {
    return std::string{pid} + " (" + std::string{name} + ") " + std::string{rest};
}

Process process(pid_t pid, pid_t parent) {
    Process made;
    made.pid = pid;
    made.parent = parent;
    return made;
}

}  // namespace

TEST_CASE("a process is read from its line, whatever it calls itself") {
    for (const auto name :
         {"bash"sv, "tmux: server"sv, "a) S 9 9"sv, "((sd-pam))"sv, ") ("sv, ""sv, " "sv, "x\ny"sv}) {
        CAPTURE(name);
        const auto read = parse_process(stat_line("42", name));
        REQUIRE(read);
        CHECK(read->pid == 42);
        CHECK(read->name == name);
        CHECK(read->parent == 1);
        CHECK(read->state == 'S');
        CHECK(read->cpu_ticks == 200);
        CHECK(read->start_ticks == 2000);
        CHECK(read->resident_pages == 2560);
        CHECK(read->threads == 3);
    }
    CHECK(parse_process(stat_line("42", "\xff"))->name == "\xef\xbf\xbd");
}

TEST_CASE("what is no line of a process is refused") {
    for (const auto text :
         {""sv, "42"sv, "42 (bash"sv, "42 (bash) "sv, "42 (bash) S 1 2 3"sv, "x (bash) S"sv, ") (x"sv}) {
        CAPTURE(text);
        CHECK_FALSE(parse_process(text));
    }
    CHECK_FALSE(parse_process(stat_line("-1", "a")));
    CHECK_FALSE(parse_process(stat_line("1", "a", "S 1 12 12 0 -1 0 0 0 0 0 x 50 0 0 20 0 3 0 2000 1 1 1")));
}

TEST_CASE("words become a line of bounded length") {
    CHECK(command_line("ls\0-l\0a b\0"sv, "ls") == "ls -l a b");
    CHECK(command_line("", "kworker/0:1") == "[kworker/0:1]");
    CHECK(command_line("\0\0"sv, "z") == "[z]");
    CHECK(command_line("a\0\0b\0"sv, "a") == "a  b");
    CHECK(command_line("\xff", "a") == "\xef\xbf\xbd");
    std::string many;
    for (int i = 0; i < 5000; ++i) many += "ä";
    CHECK(command_line(many, "a").size() == 1000);
}

TEST_CASE("figures are those of a whole life") {
    const Clockwork clockwork{.ticks_per_second = 100, .page_bytes = 4096, .uptime = 30};
    auto read = *parse_process(stat_line("42", "busy"));
    CHECK(age(read, clockwork) == 10);
    CHECK(cpu_percent(read, clockwork) == 20);
    CHECK(resident_megabytes(read, clockwork) == 10);
    // Started just now, or by a clock that is read later than it: nothing infinite or negative.
    read.start_ticks = 3001;
    CHECK(age(read, clockwork) == 0);
    CHECK(cpu_percent(read, clockwork) == 20000);
    CHECK(name_of_state('Z') == "zombie");
    CHECK(name_of_state('?') == "unknown");
}

TEST_CASE("a family is whoever descends from its root, parents first") {
    const std::vector<Process> all{process(1, 0), process(7, 9), process(8, 9), process(9, 5),
                                   process(5, 1), process(6, 1), process(20, 7)};
    std::vector<pid_t> pids;
    for (const auto& member : family(all, 5)) pids.push_back(member.pid);
    CHECK(pids == std::vector<pid_t>{5, 9, 7, 8, 20});
    CHECK(family(all, 77).empty());
    // No loop, although the kernel makes none, holds it up.
    CHECK(family({process(2, 3), process(3, 2)}, 2).size() == 2);
}

TEST_CASE("a name means the 15 bytes that the kernel keeps of it") {
    auto one = process(1, 0);
    one.name = "a-very-long-pro";
    CHECK(is_named(one, "a-very-long-program"));
    CHECK(is_named(one, "a-very-long-pro"));
    CHECK_FALSE(is_named(one, "a-very"));
}

TEST_CASE("processes that end while they are read are left out") {
    const carrel::fakes::TempDir folder;
    const auto put = [&](const std::string& pid, const std::string& file, const std::string& text) {
        std::filesystem::create_directories(folder.path() + "/" + pid);
        std::ofstream{folder.path() + "/" + pid + "/" + file} << text;
    };
    put("12", "stat", stat_line("12", "b"));
    put("12", "cmdline", std::string{"b\0-x\0"sv});
    put("3", "stat", stat_line("3", "a"));
    put("3", "cmdline", std::string(1 << 20, 'x'));
    put("4", "stat", stat_line("4", "no cmdline any more"));
    put("5", "cmdline", "no stat any more");
    put("sys", "stat", stat_line("1", "no process"));
    const auto all = read_processes(folder.path());
    REQUIRE(all.size() == 2);
    CHECK(all[0].pid == 3);
    CHECK(all[0].command.size() == 1000);
    CHECK(all[1].command == "b -x");
    CHECK_FALSE(find_process(folder.path(), 99));
}
