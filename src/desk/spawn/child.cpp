#include "desk/spawn/child.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

namespace carrel::desk::spawn {

namespace {

void set_memory_score(int score) {
    char digits[8];
    int at = sizeof digits;
    for (int rest = score; rest > 0 || at == sizeof digits; rest /= 10)
        digits[--at] = static_cast<char>('0' + rest % 10);
    const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    // Without the score the program still runs; there is nobody to tell here.
    [[maybe_unused]] const auto count = ::write(file, digits + at, sizeof digits - at);
    ::close(file);
}

}  // namespace

void become_program(int memory_score) {
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    // The parent's secret is wiped first: a process that is not dumpable cannot set its own score, and
    // one that is can be read by others of its user until it execs.
    if (char* nonce = std::getenv("CARREL_NONCE")) std::memset(nonce, '0', std::strlen(nonce));
    ::prctl(PR_SET_DUMPABLE, 1);
    set_memory_score(memory_score);
}

char* const* program_environment() {
    static const auto environment = [] {
        std::vector<char*> kept;
        for (char** entry = environ; *entry; ++entry)
            if (!std::string_view{*entry}.starts_with("CARREL_")) kept.push_back(*entry);
        kept.push_back(nullptr);
        return kept;
    }();
    return environment.data();
}

}  // namespace carrel::desk::spawn
