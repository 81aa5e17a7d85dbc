#include "desk/processes/tree.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "desk/processes/signals.hpp"
#include "desk/pty/control.hpp"

using namespace carrel::desk;
using namespace carrel::desk::processes;

TEST_CASE("a stat line is read whatever the process calls itself") {
    const auto plain = parse_stat("42 (sleep) S 1 40 39 34816 40 4194304 0");
    REQUIRE(plain);
    CHECK(plain->pid == 42);
    CHECK(plain->parent == 1);
    CHECK(plain->group == 40);
    CHECK(plain->session == 39);
    CHECK_FALSE(plain->is_zombie);
    const auto odd = parse_stat("7 (a) Z 9 9 9 (b)) Z 5 6 7 0 -1");
    REQUIRE(odd);
    CHECK(odd->parent == 5);
    CHECK(odd->is_zombie);
    for (const auto* bad :
         {"", "x (a) S 1 1 1 0", "7 (a", "7 (a)", "7 (a) S 1", "7 (a) S one 1 1 0", "7 (a) SS 1 1 1 0"})
        CHECK_FALSE(parse_stat(bad));
}

TEST_CASE("a family is a session and all that descends from it, without the dead") {
    const std::vector<ProcessFacts> processes{
        {.pid = 1, .parent = 0, .group = 1, .session = 1},
        {.pid = 10, .parent = 1, .group = 10, .session = 10},   // the leader
        {.pid = 13, .parent = 12, .group = 13, .session = 13},  // a grandchild in its own session
        {.pid = 12, .parent = 10, .group = 12, .session = 12},  // its parent, in another
        {.pid = 11, .parent = 1, .group = 11, .session = 10},   // reparented, still in the session
        {.pid = 14, .parent = 10, .group = 10, .session = 10, .is_zombie = true},
        {.pid = 20, .parent = 1, .group = 20, .session = 20},
    };
    CHECK(family_of(processes, 10) == std::vector<pid_t>{10, 13, 12, 11});
    CHECK(session_of(processes, 10) == std::vector<pid_t>{10, 11});
    CHECK(family_of(processes, 99).empty());
}

TEST_CASE("this test is among the processes, and carries its environment as a mark") {
    bool is_found = false;
    for (const auto& each : read_facts()) is_found |= each.pid == ::getpid() && each.parent == ::getppid();
    CHECK(is_found);
    CHECK_FALSE(has_mark(::getpid(), "CARREL_NO_SUCH=1"));
    CHECK_FALSE(has_mark(999'999'999, "A=1"));
}

TEST_CASE("signals are named as people name them") {
    CHECK(find_signal("SIGINT") == SIGINT);
    CHECK(find_signal("int") == SIGINT);
    CHECK(find_signal("sigkill") == SIGKILL);
    for (const auto* bad : {"", "SIG", "2", "SIGFOO", "INT "}) CHECK_FALSE(find_signal(bad));
    CHECK(name_of_signal(SIGTERM) == "SIGTERM");
    CHECK(name_of_signal(40) == "signal 40");
    CHECK(no_such_signal("x").contains("SIGHUP, SIGINT"));
}

TEST_CASE("what a terminal's client may say beside its input") {
    const auto resize = pty::parse_control(R"({"type":"resize","cols":132,"rows":43})");
    REQUIRE(resize);
    CHECK(resize->kind == pty::PtyControl::Kind::resize);
    CHECK(resize->size.columns == 132);
    CHECK(resize->size.rows == 43);
    const auto signal = pty::parse_control(R"({"signal":"SIGQUIT","type":"signal"})");
    REQUIRE(signal);
    CHECK(signal->signal == SIGQUIT);
    CHECK(pty::parse_control(R"({"type":"eof"})")->kind == pty::PtyControl::Kind::eof);
    CHECK(pty::parse_control(R"({"type":"pause"})")->kind == pty::PtyControl::Kind::pause);
    CHECK(pty::parse_control(R"({"type":"resume"})")->kind == pty::PtyControl::Kind::resume);
    struct Case {
        const char* text;
        const char* why;
    };
    for (const auto& [text, why] : {
             Case{"ls\n", "JSON"},
             Case{"[]", "resize, signal, eof, pause or resume"},
             Case{"7", "resize, signal, eof, pause or resume"},
             Case{R"({"type":7})", "resize, signal, eof, pause or resume"},
             Case{R"({"type":"resize","cols":80})", "rows: this field is required"},
             Case{R"({"type":"resize","cols":80,"rows":0})", "rows"},
             Case{R"({"type":"resize","cols":80,"rows":1e9})", "rows"},
             Case{R"({"type":"resize","cols":"80","rows":24})", "cols"},
             Case{R"({"type":"resize","cols":80,"rows":24,"depth":1})", "depth: there is no such field"},
             Case{R"({"type":"signal"})", "signal: this field is required"},
             Case{R"({"type":"signal","signal":"9"})", "SIGKILL"},
             Case{R"({"type":[[[[[[1]]]]]]})", ""},
         }) {
        CAPTURE(text);
        const auto control = pty::parse_control(text);
        REQUIRE_FALSE(control);
        CHECK(control.error().message().contains(why));
    }
}
