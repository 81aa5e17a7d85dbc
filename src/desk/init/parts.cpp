#include "desk/init/parts.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "desk/init/link.hpp"
#include "desk/spawn/child.hpp"

namespace carrel::desk::init {

namespace {

using core::checked;
using core::Fd;

std::string environment(const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return value && *value ? value : otherwise;
}

/// A number of pixels from the environment; the desk's usual one when it is none.
std::string pixels(const char* name, const char* otherwise) {
    const auto text = environment(name, otherwise);
    const auto number = core::parse_unsigned(text);
    return number && *number >= 64 && *number <= 16384 ? text : otherwise;
}

[[noreturn]] void execute(std::vector<std::string> words) {
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execvpe(arguments[0], arguments.data(), spawn::program_environment());
    ::_exit(127);
}

/// In a child: nothing to read, output to nobody (the log is the desk's own two programs').
void silence() {
    const int nothing = ::open("/dev/null", O_RDWR);
    for (int fd = 0; nothing >= 0 && fd <= 2; ++fd) ::dup2(nothing, fd);
    ::closefrom(3);
}

/// In a child: hands a listening socket over by systemd's protocol (sd_listen_fds(3)): fd 3, and the
/// receiver's own pid in the environment.
void hand_over(int socket) {
    const int nothing = ::open("/dev/null", O_RDWR);
    for (int fd = 0; nothing >= 0 && fd <= 2; ++fd) ::dup2(nothing, fd);
    ::dup2(socket, 3);
    ::closefrom(4);
}

/// For sd_listen_fds: how many descriptors, and for whom.
void announce_listener() {
    ::setenv("LISTEN_FDS", "1", 1);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
}

}  // namespace

Fd listen_at(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        throw core::Error{core::Code::invalid, "the path of a socket is too long: " + path};
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    ::unlink(path.c_str());
    Fd socket{checked("socket", ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))};
    checked("bind " + path, ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
    checked("listen on " + path, ::listen(socket.get(), 128));
    return socket;
}

void become_plain(std::vector<std::string> words) {
    silence();
    spawn::become_program(spawn::display_score);
    execute(std::move(words));
}

void become_bus(int listener) {
    hand_over(listener);
    spawn::become_program(spawn::display_score);
    announce_listener();
    execute({"dbus-daemon", "--session", "--nofork", "--nopidfile", "--address=systemd:"});
}

void become_display(int listener) {
    hand_over(listener);
    spawn::become_program(spawn::display_score);
    announce_listener();
    // No TCP, no lock file, no GLX (it loads 160 MB of libraries), the pictures' socket for us alone.
    // Frames go out up to 120 times a second: 60 would add 8 ms to each key that a viewer presses.
    execute({"Xvnc",
             ":1",
             "-geometry",
             pixels("CARREL_WIDTH", "1280") + "x" + pixels("CARREL_HEIGHT", "800"),
             "-depth",
             "24",
             "-SecurityTypes",
             "None",
             "-rfbport",
             "-1",
             "-rfbunixpath",
             viewer_socket(),
             "-rfbunixmode",
             "0600",
             "-extension",
             "GLX",
             "-nolock",
             "-nolisten",
             "tcp",
             "-noreset",
             "-AlwaysShared",
             "-AcceptSetDesktopSize=1",
             "-FrameRate",
             "120",
             "-desktop",
             "carrel"});
}

void become_tool_server(int program, int link, bool is_next) {
    if (is_next) ::setenv(next_server_variable, "1", 1);
    const int executable = ::fcntl(program, F_DUPFD_CLOEXEC, link_fd + 1);
    ::dup2(link, link_fd);
    for (const int fd : {endpoint_fd, link_fd}) ::fcntl(fd, F_SETFD, 0);
    ::signal(SIGPIPE, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    char name[] = "carrel-desk";
    char role[] = "serve";
    char* arguments[] = {name, role, nullptr};
    ::execveat(executable, "", arguments, environ, AT_EMPTY_PATH);
    ::_exit(127);
}

}  // namespace carrel::desk::init
