#include "app/privileges.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "core/fd.hpp"
#include "core/id.hpp"
#include "core/landlock.hpp"

using namespace carrel;
namespace fs = std::filesystem;

namespace {

/// The errno with which a server of that data directory would open `path`, 0 when it may; in a child, after
/// `prepare` there.
int opening(
    const fs::path& data, const std::string& path, int flags, const std::function<void()>& prepare = [] {}) {
    const auto child = ::fork();
    if (child == 0) {
        prepare();
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        app::wall_in(data, data / "model-keys");
        const core::Fd file{::open(path.c_str(), flags, 0600)};
        ::_exit(file ? 0 : errno);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

}  // namespace

TEST_CASE("The server is left its own files and what it reads of the host, whatever its user may" *
          doctest::skip(core::landlock_version() == 0)) {
    const auto top = fs::temp_directory_path() / ("carrel-walls-" + core::random_hex(8));
    for (const char* name : {"server", "desks", "images/desktop"}) fs::create_directories(top / name);
    std::ofstream{top / "desks/secret"} << "of root";
    CHECK(opening(top, top / "server/carrel.db", O_RDWR | O_CREAT) == 0);
    CHECK(opening(top, top / "images/desktop", O_RDONLY | O_DIRECTORY) == 0);
    CHECK(opening(top, "/etc/passwd", O_RDONLY) == 0);
    CHECK(opening(top, "/dev/null", O_RDWR) == 0);
    CHECK(opening(top, top / "desks/secret", O_RDONLY) == EACCES);
    CHECK(opening(top, top / "images/desktop/new", O_RDWR | O_CREAT) == EACCES);
    CHECK(opening(top, "/proc/self/environ", O_RDONLY) == EACCES);
    CHECK(opening(top, "/etc/passwd", O_RDWR) == EACCES);
    CHECK(opening(top, fs::temp_directory_path() / "carrel-new", O_RDWR | O_CREAT) == EACCES);
    fs::remove_all(top);
}

TEST_CASE("What /etc links to elsewhere the server can read there" *
          doctest::skip(core::landlock_version() == 0 || ::geteuid() != 0)) {
    const auto top = fs::temp_directory_path() / ("carrel-links-" + core::random_hex(8));
    for (const char* name : {"names", "bundle", "other"}) {
        fs::create_directories(top / name);
        std::ofstream{top / name / "file"} << "text";
    }
    const auto link = [&] {
        const bool is_ours = ::unshare(CLONE_NEWNS) == 0 &&
                             ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                             ::mount("none", "/etc", "tmpfs", 0, nullptr) == 0;
        if (!is_ours) ::_exit(254);
        fs::create_directories("/etc/ssl/certs");
        fs::create_symlink(top / "names/file", "/etc/resolv.conf");
        fs::create_symlink(top / "bundle/file", "/etc/ssl/certs/ca-certificates.crt");
    };
    CHECK(opening(top, "/etc/resolv.conf", O_RDONLY, link) == 0);
    CHECK(opening(top, "/etc/ssl/certs/ca-certificates.crt", O_RDONLY, link) == 0);
    CHECK(opening(top, top / "names/file", O_RDWR, link) == EACCES);
    CHECK(opening(top, top / "other/file", O_RDONLY, link) == EACCES);
    fs::remove_all(top);
}
