#include "tests/privileged/probe_hold.hpp"

#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace carrel::test {

namespace {

constexpr int queued_signal = 40;

void block_signal() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, queued_signal);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
}

/// A message queue of the usual size; no name of it stays.
bool make_queue(int number) {
    const auto name = "/carrel-test-" + std::to_string(::getpid()) + "-" + std::to_string(number);
    if (::mq_open(name.c_str(), O_CREAT | O_RDWR, 0600, nullptr) < 0) return false;
    ::mq_unlink(name.c_str());
    return true;
}

bool make_timer(int) {
    timer_t timer;
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = queued_signal;
    return ::timer_create(CLOCK_MONOTONIC, &event, &timer) == 0;
}

/// A socket with 1 MB that nobody receives, to itself.
bool fill_socket(int) {
    static const char bytes[32 << 10]{};
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket < 0) return false;
    const int size = 1 << 20;
    ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
    socklen_t length = sizeof address;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
    for (int i = 0; i < 40; ++i)
        ::sendto(socket, bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&address), length);
    return true;
}

/// An exclusive lock on a file.
std::string lock(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    // No terminal stands behind /dev/tty here: it opens for nobody.
    if (file < 0)
        return path == "/dev/tty" && errno == ENXIO ? "1 enough"
                                                    : "0 " + std::string{::strerrorname_np(errno)};
    if (::flock(file, LOCK_EX | LOCK_NB) < 0) return "0 " + std::string{::strerrorname_np(errno)};
    return "1 enough";
}

struct Kind {
    std::string_view name;
    bool (*take)(int number);
};

const Kind kinds[] = {
    {"files", [](int) { return ::open("/dev/null", O_RDONLY) >= 0; }},
    {"inotify", [](int) { return ::inotify_init1(0) >= 0; }},
    {"locked",
     [](int) {
         return ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) !=
                MAP_FAILED;
     }},
    {"ptys", [](int) { return ::open("/dev/ptmx", O_RDWR | O_NOCTTY) >= 0; }},
    {"queues", make_queue},
    {"signals", [](int) { return ::sigqueue(::getpid(), queued_signal, {}) == 0; }},
    {"timers", make_timer},
    {"udp", fill_socket},
};

}  // namespace

std::string hold(std::string_view what, int most) {
    block_signal();
    if (what.starts_with("lock ")) return lock(std::string{what.substr(5)});
    for (const auto& [name, take] : kinds) {
        if (name != what) continue;
        int count = 0;
        while (count < most && take(count)) ++count;
        return std::to_string(count) + " " + (count < most ? ::strerrorname_np(errno) : "enough");
    }
    return "0 unknown";
}

}  // namespace carrel::test
