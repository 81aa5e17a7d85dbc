#include "desk/spawn/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string_view>
#include <vector>

#include "core/fd.hpp"

namespace carrel::desk::spawn {

void give_way() {
    // To go further back is always allowed.
    [[maybe_unused]] const int niceness = ::nice(agents_niceness);
}

void reset_signals() {
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void set_memory_score(pid_t process, int score) {
    const core::Fd file{::open(fmt::format("/proc/{}/oom_score_adj", process).c_str(), O_WRONLY | O_CLOEXEC)};
    if (!file) return;
    const auto text = fmt::to_string(score);
    [[maybe_unused]] const auto count = ::write(file.get(), text.data(), text.size());
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

char* const* unattended_environment() {
    static const auto environment = [] {
        std::vector<char*> lines;
        const auto has = [&](std::string_view name) {
            return std::ranges::any_of(
                lines, [&](const char* line) { return std::string_view{line}.starts_with(name); });
        };
        for (char* const* entry = program_environment(); *entry; ++entry) lines.push_back(*entry);
        for (const auto line : unattended)  // each is a whole literal, so it ends with NUL
            if (!has(line.substr(0, line.find('=') + 1))) lines.push_back(const_cast<char*>(line.data()));
        lines.push_back(nullptr);
        return lines;
    }();
    return environment.data();
}

}  // namespace carrel::desk::spawn
