#include "core/landlock.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/fd.hpp"
#include "core/id.hpp"

using namespace carrel::core;
namespace fs = std::filesystem;

namespace {

/// What `what` answers behind `walls`, in a child that is given up afterwards.
int behind(const Walls& walls, int (*what)(const std::string&), const std::string& path = {}) {
    const auto child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        ::_exit(confine(walls) ? what(path) : 255);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 254;
}

int opening(const std::string& path, int flags) {
    const Fd file{::open(path.c_str(), flags, 0600)};
    return file ? 0 : errno;
}
int reading(const std::string& path) { return opening(path, O_RDONLY); }
int listing(const std::string& path) { return opening(path, O_RDONLY | O_DIRECTORY); }
int writing(const std::string& path) { return opening(path, O_WRONLY); }
int making(const std::string& path) { return opening(path + "/new", O_WRONLY | O_CREAT); }
int moving(const std::string& path) {
    return ::rename((path + "/note").c_str(), (path + "/inner/note").c_str()) == 0 ? 0 : errno;
}
int running(const std::string& path) {
    ::execl(path.c_str(), path.c_str(), nullptr);
    return errno;
}
int connecting(const std::string& port) {
    const Fd socket{::socket(AF_INET, SOCK_STREAM, 0)};
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0 ? 0 : errno;
}
int signalling(const std::string&) { return ::kill(::getppid(), 0) == 0 ? 0 : errno; }

struct Folders {
    fs::path top = fs::temp_directory_path() / ("carrel-landlock-" + random_hex(8));
    Folders() {
        for (const char* name : {"open", "closed", "open/inner"}) fs::create_directories(top / name);
        for (const char* name : {"open/note", "closed/note"}) std::ofstream{top / name} << "text";
    }
    ~Folders() { fs::remove_all(top); }
    std::string operator/(const char* name) const { return top / name; }
};

}  // namespace

TEST_CASE("Behind walls only what they leave can be read, written or run" *
          doctest::skip(landlock_version() == 0)) {
    const Folders folders;
    const Walls reader{.places = {{folders / "open"}, {"/there/is/no/such/place"}}};
    CHECK(behind(reader, reading, folders / "open/note") == 0);
    CHECK(behind(reader, writing, folders / "open/note") == EACCES);
    CHECK(behind(reader, making, folders / "open") == EACCES);
    CHECK(behind(reader, reading, folders / "closed/note") == EACCES);
    CHECK(behind(reader, running, "/bin/true") == EACCES);
    const Walls writer{.places = {{folders / "open", Place::Access::change}}};
    CHECK(behind(writer, writing, folders / "open/note") == 0);
    CHECK(behind(writer, making, folders / "open") == 0);
    CHECK(behind(writer, reading, folders / "closed/note") == EACCES);
    const Walls lister{.places = {{folders / "closed", Place::Access::list}}};
    CHECK(behind(lister, listing, folders / "closed") == 0);
    CHECK(behind(lister, reading, folders / "closed/note") == EACCES);
    CHECK(behind(lister, listing, folders / "open") == EACCES);
    if (landlock_version() >= 2) CHECK(behind(writer, moving, folders / "open") == 0);
}

TEST_CASE("Ports and signals of others are out of reach where the kernel can forbid them" *
          doctest::skip(landlock_version() < 6)) {
    CHECK(behind({.places = {}, .ports = std::vector<std::uint16_t>{1}}, connecting, "1") == ECONNREFUSED);
    CHECK(behind({.places = {}, .ports = std::vector<std::uint16_t>{1}}, connecting, "2") == EACCES);
    CHECK(behind({.places = {}}, connecting, "2") == ECONNREFUSED);
    CHECK(behind({.places = {}}, signalling) == EPERM);
}
