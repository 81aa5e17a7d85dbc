// The clock of a desk's panel: says the time to tint2, which shows what an executor says (its man page,
// "execp").
//
//     clock TEXT TIP    two formats of strftime(3)
//
// tint2's own clock wakes its panel each second, also when it shows minutes only; with hundreds of desks that
// is most of what an idle machine does. This sleeps until the minute is over, or until somebody sets the
// host's clock; a desk that thaws after a while is right at once.
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>

namespace {

constexpr int seconds_of_minute = 60;
/// What an executor says on stderr is shown as its tip; this ends the one before (tint2's documentation).
constexpr char clear_tip[] = "\x1b[2J";

/// One line of at most 255 bytes.
void say(int fd, const char* before, const char* format, const tm& now) {
    char line[256];
    const auto taken = std::strlen(before);
    std::memcpy(line, before, taken);
    auto size = taken + std::strftime(line + taken, sizeof line - taken - 1, format, &now);
    line[size++] = '\n';
    // A panel that is gone ends us, by SIGPIPE.
    (void)!::write(fd, line, size);
}

/// False when there is no such timer, or nobody reads what we say any more: a panel that starts itself anew
/// is the same process, and has another clock from then on.
bool wait_for_minute_after(int timer, std::time_t now) {
    itimerspec next{};
    next.it_value.tv_sec = (now / seconds_of_minute + 1) * seconds_of_minute;
    if (::timerfd_settime(timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &next, nullptr) != 0)
        return false;
    pollfd waiting[] = {{timer, POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
    while (::poll(waiting, 2, -1) < 0)
        if (errno != EINTR) return false;
    if (waiting[1].revents != 0) return false;
    std::uint64_t ends = 0;
    // ECANCELED: the clock was set.
    return ::read(timer, &ends, sizeof ends) > 0 || errno == ECANCELED || errno == EINTR;
}

}  // namespace

int main(int count, char** words) {
    if (count != 3) return 2;
    // Not the panel's child: one that starts itself anew, as after a resize, forgets its children and would
    // keep this one as a zombie once it is ended (tint2rc ends the one before). The desk's first process
    // reaps it.
    if (const auto child = ::fork(); child != 0) return child < 0 ? 1 : 0;
    const int timer = ::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);
    while (true) {
        const auto now = std::time(nullptr);
        const auto* local = std::localtime(&now);
        if (!local) return 1;
        say(STDERR_FILENO, clear_tip, words[2], *local);
        say(STDOUT_FILENO, "", words[1], *local);
        if (!wait_for_minute_after(timer, now)) return 1;
    }
}
