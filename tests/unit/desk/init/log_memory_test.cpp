#include "desk/init/log_memory.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "core/sys.hpp"

using namespace carrel;
using desk::init::LogMemory;

namespace {

core::Fd make_file(std::size_t size) {
    core::Fd file{core::checked("memfd_create", ::memfd_create("log", MFD_CLOEXEC))};
    core::checked("ftruncate", ::ftruncate(file.get(), static_cast<off_t>(size)));
    return file;
}

core::DeskLog read_log(const core::Fd& file) {
    std::string bytes(core::desk_log_size, '\0');
    core::checked("pread", ::pread(file.get(), bytes.data(), bytes.size(), 0));
    return core::parse_desk_log(bytes);
}

}  // namespace

TEST_CASE("What was said is in the file when who said it is killed at once, and goes around its end") {
    const auto file = make_file(core::desk_log_size);
    const auto child = ::fork();
    if (child == 0) {
        LogMemory log{file.duplicate()};
        for (int i = 0; i < 500; ++i) log.add(core::Speaker::display, std::string(900, 'x'));
        log.add(core::Speaker::init, "the last word");
        ::raise(SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
    const auto log = read_log(file);
    REQUIRE(!log.lines.empty());
    CHECK(log.lines.back().text == "the last word");
    CHECK(log.lines.size() > 150);
    CHECK(log.lines.size() < 200);
    CHECK_FALSE(log.is_complete);
}

TEST_CASE("It keeps no descriptor by which the file could grow") {
    const auto file = make_file(core::desk_log_size);
    auto given = file.duplicate();
    const int number = given.get();
    LogMemory log{std::move(given)};
    CHECK(::fcntl(number, F_GETFD) == -1);
}

TEST_CASE("A file without room for a page costs the line, not the process") {
    const auto file = make_file(core::desk_log_size);
    LogMemory log{file.duplicate()};
    log.add(core::Speaker::init, "before");
    // As a full disk looks to a mapping: no page, so SIGBUS for who writes to it directly.
    core::checked("ftruncate", ::ftruncate(file.get(), 0));
    for (int i = 0; i < 100; ++i) log.add(core::Speaker::init, "lost");
    core::checked("ftruncate", ::ftruncate(file.get(), core::desk_log_size));
    log.add(core::Speaker::init, "after");
    CHECK(read_log(file).lines.back().text == "after");
}

TEST_CASE("Without a file of the right size nothing is kept and nothing fails") {
    LogMemory{core::Fd{}}.add(core::Speaker::init, "said to nobody");
    const auto file = make_file(100);
    LogMemory{file.duplicate()}.add(core::Speaker::init, "said to nobody");
    CHECK(::lseek(file.get(), 0, SEEK_END) == 100);
}
