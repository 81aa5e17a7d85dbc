#include <doctest/doctest.h>
#include <poll.h>
#include <unistd.h>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "tests/privileged/jail_under_test.hpp"

using namespace carrel;
using test::JailUnderTest;

namespace {

/// The number at the front of an answer.
unsigned long long number_of(const std::string& answer) {
    return core::parse_unsigned(answer.substr(0, answer.find('\n'))).value_or(0);
}

}  // namespace

TEST_CASE("A process that wants more memory than the desk has is killed, and its owner is told") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    const auto desk = jail.start(spec);
    REQUIRE(desk.answer.find("memory_watch") != "none");
    const bool is_v1 = desk.answer.find("memory_watch") == "eventfd";
    pollfd watch{desk.memory.get(), static_cast<short>(is_v1 ? POLLIN : POLLPRI), 0};
    // v2 tells of what came since the file was last read.
    char events[256];
    if (!is_v1) REQUIRE(::pread(desk.memory.get(), events, sizeof events, 0) > 0);
    CHECK(::poll(&watch, 1, 0) == 0);
    // tmpfs counts as the desk's memory.
    CHECK(jail.fill_memory(spec.id, 400) == "137\nstatus 0\n");
    CHECK(::poll(&watch, 1, 10'000) == 1);
    CHECK(jail.ask(jail::wire::Ending{spec.id}).answer.get_number("memory_kills") > 0);
    CHECK(jail.shell(spec.id, "echo alive") == "alive\nstatus 0\n");
}

TEST_CASE("A fork bomb stays inside the desk, and stopping ends it") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    const auto desk = jail.start(spec);
    jail.shell(spec.id, "bomb() { bomb | bomb & }; bomb >/dev/null 2>&1; true");
    const auto processes = [&] {
        return jail.ask(jail::wire::Usage{spec.id}).answer.get_number("processes");
    };
    CHECK(test::eventually([&] { return processes() > 4; }));
    CHECK(processes() <= spec.limits.processes);
    jail.stop(spec.id);
    CHECK(test::is_readable(desk.process, std::chrono::milliseconds{0}));
}

TEST_CASE("Processes are limited by their number") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    jail.start(spec);
    const auto answer = jail.shell(
        spec.id, "for i in $(seq 100); do sleep 100 & done >/dev/null 2>&1; ls -d /proc/[0-9]* | wc -l");
    // The shell gives up, or its pipe could not be made: in no case more than the limit run.
    CHECK(number_of(answer) <= spec.limits.processes);
    CHECK(jail.ask(jail::wire::Usage{spec.id}).answer.get_number("processes") <= spec.limits.processes);
}

TEST_CASE("Processor time is shared out by the desk's limit") {
    JailUnderTest jail;
    auto spec = jail.spec();
    spec.limits.cpu = 20;
    jail.start(spec);
    jail.shell(spec.id, "yes >/dev/null 2>&1 & yes >/dev/null 2>&1 & true");
    const auto used = [&] {
        return jail.ask(jail::wire::Usage{spec.id}).answer.find("processor_microseconds");
    };
    if (!used()) return;  // pure v1 does not count
    const auto begin = std::chrono::steady_clock::now();
    const auto first = number_of(std::string{*used()});
    // Until it has run for 0.3 s, which takes 1.5 s; a busy machine makes it only longer.
    unsigned long long now = 0;
    CHECK(test::eventually([&] { return (now = number_of(std::string{*used()})) > first + 300'000; }));
    const auto took =
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
    CHECK(static_cast<double>(now - first) / took < 0.4);
}

TEST_CASE("A frozen desk does nothing, a thawed one goes on, and a frozen one can be stopped") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    const auto desk = jail.start(spec);
    REQUIRE(!jail.ask(jail::wire::Freeze{spec.id}).answer.error);
    const auto socket = jail.connect(spec.id);
    core::write_all(socket.get(), "sh echo hello\n");
    CHECK(!test::is_readable(socket, std::chrono::milliseconds{100}));
    REQUIRE(!jail.ask(jail::wire::Thaw{spec.id}).answer.error);
    CHECK(test::is_readable(socket, test::patience));
    REQUIRE(!jail.ask(jail::wire::Freeze{spec.id}).answer.error);
    jail.stop(spec.id);
    CHECK(test::is_readable(desk.process, std::chrono::milliseconds{0}));
}
