#include "jail/process/errand.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "core/error.hpp"
#include "core/sys.hpp"

using namespace carrel;
using core::Fd;
using jail::process::run_errand;

namespace {

constexpr std::chrono::seconds patience{60};

core::Error failure_of(std::chrono::milliseconds limit, const std::function<std::vector<Fd>()>& work) {
    try {
        run_errand("the errand", limit, work);
    } catch (const core::Error& error) {
        return error;
    }
    return {core::Code::internal, "it did not fail"};
}

}  // namespace

TEST_CASE("An errand is done by another process, which hands over what it opened, in order") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const Fd reading{ends[0]}, writing{ends[1]};
    const auto opened = run_errand("the errand", patience, [&] {
        const auto pid = ::getpid();
        core::write_all(writing.get(), {reinterpret_cast<const char*>(&pid), sizeof pid});
        std::vector<Fd> all;
        all.push_back(core::open_file("/dev/null", O_RDONLY));
        all.push_back(core::open_file("/proc/self", O_PATH));
        return all;
    });
    REQUIRE(opened.size() == 2);
    char byte;
    CHECK(::read(opened[0].get(), &byte, 1) == 0);
    pid_t pid = 0;
    REQUIRE(::read(reading.get(), &pid, sizeof pid) == sizeof pid);
    CHECK(pid != ::getpid());
    // It has been seen off.
    CHECK(::kill(pid, 0) < 0);
    CHECK(errno == ESRCH);
    CHECK(run_errand("nothing", patience, [] { return std::vector<Fd>{}; }).empty());
}

TEST_CASE("What an errand throws is thrown here, with its code and reason") {
    const auto error = failure_of(patience, []() -> std::vector<Fd> {
        throw core::Error{core::Code::conflict, "it cannot be", "no_way"};
    });
    CHECK(error.code() == core::Code::conflict);
    CHECK(error.reason() == "no_way");
    CHECK(error.message() == "the errand: it cannot be");
    const auto other = failure_of(patience, []() -> std::vector<Fd> { throw std::runtime_error{"odd"}; });
    CHECK(other.message() == "the errand: odd");
}

TEST_CASE("An errand that does not end is ended, and one that is killed is told of") {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    Fd reading{ends[0]}, writing{ends[1]};
    const auto late = failure_of(std::chrono::milliseconds{50}, []() -> std::vector<Fd> {
        while (true) ::pause();
    });
    CHECK(late.code() == core::Code::timeout);
    CHECK(late.message() == "the errand took longer than 50 ms");
    // Nobody holds the other end any more.
    writing.reset();
    char byte;
    CHECK(::read(reading.get(), &byte, 1) == 0);
    const auto killed = failure_of(patience, []() -> std::vector<Fd> {
        ::kill(::getpid(), SIGKILL);
        return {};
    });
    CHECK(killed.message() == "the errand: its process was ended");
}
