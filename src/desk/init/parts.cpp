#include "desk/init/parts.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
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
    ::dprintf(STDERR_FILENO, "%s: %s\n", arguments[0], std::strerror(errno));
    ::_exit(127);
}

/// In a child that holds only its own descriptors: makes it an ordinary process. To set its own score it must
/// be dumpable, and whoever is that can be read by others of its user: the desk's secret is wiped first.
void become_ordinary() {
    spawn::reset_signals();
    if (char* nonce = std::getenv("CARREL_NONCE")) std::memset(nonce, '0', std::strlen(nonce));
    ::prctl(PR_SET_DUMPABLE, 1);
    spawn::set_memory_score(::getpid(), spawn::display_score);
}

/// In a child: what it starts begins where a person's programs do, not in the desk's root.
void go_home() {
    if (::chdir(environment("HOME", "/").c_str()) != 0) (void)!::chdir("/");
}

/// In a child: nothing to read, its words to `output`.
void speak_to(int output) {
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0) ::dup2(nothing, 0);
    for (const int fd : {1, 2}) ::dup2(output, fd);
}

/// In a child: hands a listening socket over by systemd's protocol (sd_listen_fds(3)): fd 3, and the
/// receiver's own pid in the environment.
void hand_over(int socket) {
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

void become_plain(std::vector<std::string> words, int output) {
    speak_to(output);
    ::closefrom(3);
    become_ordinary();
    go_home();
    execute(std::move(words));
}

void become_bus(int listener, int output) {
    speak_to(output);
    hand_over(listener);
    become_ordinary();
    go_home();
    announce_listener();
    execute({"dbus-daemon", "--session", "--nofork", "--nopidfile", "--address=systemd:"});
}

void become_display(int listener, int output) {
    speak_to(output);
    hand_over(listener);
    become_ordinary();
    announce_listener();
    // No TCP, no lock file, no GLX (it loads 160 MB of libraries), the pictures' socket for us alone.
    // Frames go out up to 120 times a second: 60 would add 8 ms to each key that a viewer presses.
    // All viewers come from one address, the socket's: a blacklist would lock out all for one that broke off.
    // Text that is only marked is not copied: it goes to no viewer. As much clipboard as rfb/client_filter
    // lets in.
    execute({"Xvnc", ":1", "-geometry", pixels("CARREL_WIDTH", "1280") + "x" + pixels("CARREL_HEIGHT", "800"),
             "-depth", "24", "-SecurityTypes", "None", "-rfbport", "-1", "-rfbunixpath", viewer_socket(),
             "-rfbunixmode", "0600", "-extension", "GLX", "-nolock", "-nolisten", "tcp",
             // Its abstract socket, beside the one that is handed over. A display that is killed as it starts
             // leaves that in use for as long as its keymap compiler runs, and the next one would not start.
             "-nolisten", "local", "-noreset", "-AlwaysShared", "-UseBlacklist=0", "-SendPrimary=0",
             "-MaxCutText", "1048576", "-AcceptSetDesktopSize=1", "-FrameRate", "120", "-desktop", "carrel"});
}

void become_tool_server(const ForToolServer& given) {
    if (given.is_next) ::setenv(next_server_variable, "1", 1);
    speak_to(given.output);
    // Out of the way of the numbers below, whatever they are now.
    const int executable = ::fcntl(given.program, F_DUPFD_CLOEXEC, browser_fd + 1);
    const int browser = ::fcntl(given.browser, F_DUPFD_CLOEXEC, browser_fd + 1);
    ::dup2(given.link, link_fd);
    ::dup2(browser, browser_fd);
    for (const int fd : {endpoint_fd, link_fd, browser_fd}) ::fcntl(fd, F_SETFD, 0);
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
