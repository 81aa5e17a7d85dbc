#include "driver/native/log_files.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sys.hpp"
#include "tests/fakes/temp_dir.hpp"

using namespace carrel;
using driver::native::LogFiles;

TEST_CASE("Logs are read, listed and removed by the id of their desk, whatever lies beside them") {
    fakes::TempDir folder;
    const LogFiles logs{folder.path()};
    const std::string desk = "desk_0123456789ab";
    CHECK(logs.read(desk).lines.empty());
    CHECK_NOTHROW(logs.remove(desk));
    CHECK(logs.list().empty());

    std::string bytes(core::desk_log_size, '\0');
    core::DeskLogFormat format;
    for (const auto& [offset, piece] :
         format.add(core::Instant{}, core::Speaker::init, "the display was started"))
        bytes.replace(offset, piece.size(), piece);
    // Longer than a log may be: the rest is not even read.
    core::replace_file(folder.path() + "/" + desk, bytes + std::string(core::desk_log_size, 'x'), 0600);
    core::replace_file(folder.path() + "/other", "no log", 0600);
    REQUIRE(logs.read(desk).lines.size() == 1);
    CHECK(logs.read(desk).lines[0].text == "the display was started");
    CHECK(logs.list() == std::vector<std::string>{desk});
    logs.remove(desk);
    CHECK(logs.list().empty());
}

TEST_CASE("What is no file of a log is not followed and not waited for") {
    fakes::TempDir folder;
    const LogFiles logs{folder.path()};
    REQUIRE(::symlink("/etc/passwd", (folder.path() + "/desk_000000000001").c_str()) == 0);
    CHECK_THROWS_AS(logs.read("desk_000000000001"), core::Error);
    REQUIRE(::mkfifo((folder.path() + "/desk_000000000002").c_str(), 0600) == 0);
    CHECK_THROWS_AS(logs.read("desk_000000000002"), core::Error);
}
