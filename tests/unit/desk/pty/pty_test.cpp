// These run real programs on real pseudo-terminals.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "core/text.hpp"
#include "desk/processes/tree.hpp"
#include "desk/pty/ptys.hpp"
#include "tests/unit/desk/program_harness.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using desk::pty::Pty;
using desk::pty::Ptys;
using desk::test::reason_of;

namespace {

void with_terminals(auto test) {
    desk::test::with_programs<Ptys>(test, [](Ptys& ptys) { CHECK(ptys.find({}).empty()); });
}

/// Reads until `marker`, or to the end when it is empty.
Task<std::string> read_to(Pty& pty, std::string marker) {
    std::string text;
    std::array<char, 4096> piece{};
    while (marker.empty() || !text.contains(marker)) {
        const auto count = co_await pty.read(piece);
        if (count == 0) break;
        text.append(piece.data(), count);
    }
    co_return text;
}

/// A zombie, which only its parent can bury, has ended.
bool is_alive(pid_t process) {
    return std::ranges::any_of(desk::processes::read_facts(),
                               [&](const auto& each) { return each.pid == process && !each.is_zombie; });
}

}  // namespace

TEST_CASE("all that a program prints before its end can be read, then how it ended") {
    with_terminals([](Ptys& ptys) -> Task<> {
        const auto pty =
            ptys.open({}, {.command = "stty raw; head -c 300000 /dev/zero | tr '\\0' z; exit 5"});
        CHECK((co_await read_to(*pty, {})) == std::string(300'000, 'z'));
        CHECK((co_await pty->end()).exit_code == 5);
        CHECK_FALSE(co_await pty->write("too late"));
        pty->signal(SIGTERM);  // reaches nobody
        pty->hang_up();
        pty->resize({});
    });
}

TEST_CASE("a background job that prints on does not hold up the end") {
    with_terminals([](Ptys& ptys) -> Task<> {
        const auto pty = ptys.open({}, {.command = "(trap '' HUP; exec yes) & echo $!; exit 0"});
        const auto text = co_await read_to(*pty, {});
        CHECK((co_await pty->end()).exit_code == 0);
        pty->hang_up();
        co_await ptys.close();
        const auto job = static_cast<pid_t>(*core::parse_unsigned(text.substr(0, text.find('\r'))));
        while (is_alive(job)) co_await async::yield_turn();
    });
}

TEST_CASE("a program that closes its terminal ends it when it ends itself") {
    with_terminals([](Ptys& ptys) -> Task<> {
        const auto pty = ptys.open(
            {}, {.command = "exec </dev/null >/dev/null 2>&1; sleep 0.2; exec >/dev/tty; echo back; exit 4"});
        CHECK((co_await read_to(*pty, {})) == "back\r\n");
        CHECK((co_await pty->end()).exit_code == 4);
        pty->hang_up();
    });
}

TEST_CASE("a terminal that its program closes and another opens goes on, both ways") {
    with_terminals([](Ptys& ptys) -> Task<> {
        const auto pty = ptys.open(
            {},
            {.command = "exec </dev/null >/dev/null 2>&1; sleep 0.3; (echo again; read -r x; echo \"<$x>\"; "
                        "read -r y) </dev/tty >/dev/tty; sleep 0.3; echo more >/dev/tty; sleep 100"});
        CHECK((co_await read_to(*pty, "again\r\n")).ends_with("again\r\n"));
        CHECK(co_await pty->write("typed\n"));
        CHECK((co_await read_to(*pty, "<typed>")).contains("<typed>"));
        CHECK(co_await pty->write("\n"));
        CHECK((co_await read_to(*pty, "more\r\n")).ends_with("more\r\n"));
        pty->hang_up();
        co_await pty->end();
    });
}

TEST_CASE("input, the end of input, sizes and signals reach what runs in the foreground") {
    with_terminals([](Ptys& ptys) -> Task<> {
        const auto pty =
            ptys.open("t", {.command = "stty size; cat; trap 'echo int' INT; echo armed; read; exec cat",
                            .size = {.columns = 132, .rows = 43}});
        CHECK((co_await read_to(*pty, "\n")).contains("43 132"));
        CHECK(co_await pty->write("hello\n" + pty->end_of_input()));
        CHECK((co_await read_to(*pty, "armed")).contains("hello\r\nhello"));
        pty->signal(SIGINT);
        co_await read_to(*pty, "int\r\n");
        CHECK(co_await pty->write("\n"));
        pty->resize({.columns = 10, .rows = 5});
        CHECK(ptys.find("t").front()->size().columns == 10);
        pty->signal(SIGKILL);
        CHECK((co_await pty->end()).signal == SIGKILL);
        pty->hang_up();
    });
}

TEST_CASE("who does not listen to the hang-up is killed, and waiting readers and writers come back") {
    with_terminals([](Ptys& ptys) -> Task<> {
        const auto pty = ptys.open(
            {}, {.command = "trap '' HUP TERM; stty raw; echo ready; while :; do sleep 1000; done"});
        co_await read_to(*pty, "ready");
        const auto executor = co_await boost::asio::this_coro::executor;
        bool has_read = false;
        bool has_written = true;
        async::Scope scope{executor};
        const auto read = [&]() -> Task<> {
            co_await read_to(*pty, {});
            has_read = true;
        };
        const auto write = [&]() -> Task<> { has_written = co_await pty->write(std::string(1 << 20, 'x')); };
        scope.start("reading", read());
        scope.start("writing", write());
        co_await async::yield_turn();
        pty->hang_up();
        CHECK((co_await pty->end()).signal == SIGKILL);
        while (scope.size() > 0) co_await async::yield_turn();
        CHECK(has_read);
        CHECK_FALSE(has_written);
    });
}

TEST_CASE("a terminal that is held gives nothing, and stops its program") {
    with_terminals([](Ptys& ptys) -> Task<> {
        const auto pty = ptys.open({}, {.command = "echo one; read; head -c 5000000 /dev/zero"});
        co_await read_to(*pty, "one");
        pty->hold(true);
        co_await pty->write("\n");
        std::array<char, 100> piece{};
        CHECK_THROWS_AS(co_await async::deadline(100ms, "reading", pty->read(piece)), core::Error);
        pty->hold(false);
        CHECK((co_await read_to(*pty, {})).size() >= 5'000'000);
        pty->hang_up();
    });
}

TEST_CASE("what cannot be started says why, and costs no place") {
    with_terminals([](Ptys& ptys) -> Task<> {
        CHECK(reason_of([&] { ptys.open({}, {.folder = "/no/such"}); }) == "no_such_folder");
        CHECK(reason_of([&] { ptys.open({}, {.folder = "/etc/passwd"}); }) == "no_such_folder");
        for (std::size_t count = 0; count < Ptys::limit; ++count)
            ptys.open("t" + std::to_string(count), {.command = "exec cat"});
        CHECK(reason_of([&] { ptys.open({}, {}); }) == "too_many_terminals");
        CHECK(ptys.find({}).size() == Ptys::limit);
        CHECK(reason_of([&] { ptys.find("t99"); }) == "not_found");
        const auto first = ptys.find("t0").front();
        first->hang_up();
        co_await first->end();
        while (ptys.find({}).size() == Ptys::limit) co_await async::yield_turn();
        CHECK(reason_of([&] { ptys.open("t1", {}); }) == "conflict");
        co_await ptys.close();
        CHECK(reason_of([&] { ptys.open({}, {}); }) == "unavailable");
    });
    async::Pool pool{1};
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        Ptys ptys{executor, pool, "/tmp", "/no/such/bash"};
        CHECK(reason_of([&] { ptys.open({}, {}); }) == "not_found");
        CHECK(ptys.find({}).empty());
        co_await ptys.close();
    });
    pool.join();
}
