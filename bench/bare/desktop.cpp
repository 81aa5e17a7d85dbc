#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xcb/xcb.h>

#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

#include "bench/bare/desktop.hpp"
#include "bench/bare/display.hpp"
#include "core/fd.hpp"
#include "core/sys.hpp"

namespace carrel::bench {

namespace {

using core::checked;

constexpr auto display_socket = "/tmp/.X11-unix/X1";
constexpr uid_t agent = 1000;

/// A root of its own for what runs from here on: the image as it is, with a few empty places.
void enter(const std::string& image_root) {
    checked("private mounts", ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
    const auto at = [&](const char* place) { return image_root + place; };
    for (const char* place : {"/tmp", "/run", "/home"})
        checked(place, ::mount("none", at(place).c_str(), "tmpfs", 0, "mode=1777"));
    checked("/dev", ::mount("/dev", at("/dev").c_str(), nullptr, MS_BIND | MS_REC, nullptr));
    checked("chroot", ::chroot(image_root.c_str()));
    checked("chdir", ::chdir("/"));
    checked("/proc", ::mount("none", "/proc", "proc", 0, nullptr));
    for (const char* place : {"/tmp/.X11-unix", "/home/agent"}) {
        ::mkdir(place, 0777);
        checked(place, ::chown(place, agent, agent));
    }
    checked("setgid", ::setgid(agent));
    checked("setuid", ::setuid(agent));
    ::setenv("HOME", "/home/agent", 1);
    ::setenv("DISPLAY", ":1", 1);
    ::setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
    ::setenv("LANG", "C.UTF-8", 1);
}

core::Fd listen_for_display() {
    core::Fd socket{checked("socket", ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))};
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strcpy(address.sun_path, display_socket);
    checked("bind", ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
    checked("listen", ::listen(socket.get(), 16));
    return socket;
}

[[noreturn]] void become(std::vector<const char*> words) {
    words.push_back(nullptr);
    const int nothing = ::open("/dev/null", O_RDWR);
    for (int fd = 0; fd <= 2; ++fd) ::dup2(nothing, fd);
    ::execvp(words[0], const_cast<char* const*>(words.data()));
    ::_exit(127);
}

void start_programs(const core::Fd& listener) {
    if (::fork() == 0) {
        ::dup2(listener.get(), 3);
        ::setenv("LISTEN_FDS", "1", 1);
        ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
        become({"Xvnc", ":1", "-geometry", "1024x768", "-depth", "24", "-SecurityTypes", "None", "-rfbport",
                "-1", "-extension", "GLX", "-nolock", "-nolisten", "tcp", "-noreset"});
    }
    if (::fork() == 0) become({"openbox"});
}

/// Until the window manager has announced itself: its window on the root is awaited as an event.
void wait_for_manager(const Display& display) {
    auto* raw = display.get();
    const std::uint32_t events = XCB_EVENT_MASK_PROPERTY_CHANGE;
    xcb_change_window_attributes(raw, root_of(display), XCB_CW_EVENT_MASK, &events);
    while (!has_window_manager(display)) std::free(xcb_wait_for_event(raw));
}

/// Both ends of a pipe.
struct Pipe {
    Pipe() {
        int ends[2];
        checked("pipe", ::pipe2(ends, O_CLOEXEC));
        read = core::Fd{ends[0]};
        write = core::Fd{ends[1]};
    }
    core::Fd read, write;
};

/// PID 1 of the bare desktop: says when it is ready, and ends when nobody holds `hold` any more.
[[noreturn]] void live(const std::string& image_root, const core::Fd& report, const core::Fd& hold) {
    try {
        enter(image_root);
        const auto listener = listen_for_display();
        start_programs(listener);
        const auto display = connect_display(display_socket);
        wait_for_manager(display);
        grab(display);
        core::write_all(report.get(), "1");
        char nothing = 0;
        [[maybe_unused]] const auto end = ::read(hold.get(), &nothing, 1);
    } catch (const std::exception& error) {
        core::write_all(report.get(), error.what());
    }
    // Its end takes every process of the namespace with it.
    ::_exit(0);
}

/// In a child of ours: makes the namespaces, whose first process it forks and outlives.
[[noreturn]] void unshare_and_live(const std::string& image_root, Pipe& report, Pipe& hold) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    hold.write.reset();
    if (::unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0) ::_exit(1);
    const auto child = ::fork();
    if (child == 0) live(image_root, report.write, hold.read);
    report.write.reset();
    ::waitpid(child, nullptr, 0);
    ::_exit(0);
}

}  // namespace

BareLife live_by_hand(const std::string& image_root) {
    Pipe report;
    Pipe hold;
    const auto began = Clock::now();
    const auto child = checked("fork", ::fork());
    if (child == 0) unshare_and_live(image_root, report, hold);
    report.write.reset();
    char text[256]{};
    const auto count = ::read(report.read.get(), text, sizeof text - 1);
    const Milliseconds start = Clock::now() - began;
    const auto ends = Clock::now();
    hold.write.reset();
    ::waitpid(child, nullptr, 0);
    if (count != 1) throw core::Error{core::Code::internal, std::string{"a desktop by hand: "} + text};
    return {start, Clock::now() - ends};
}

}  // namespace carrel::bench
