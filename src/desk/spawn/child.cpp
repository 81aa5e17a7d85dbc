#include "desk/spawn/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <functional>
#include <map>
#include <string>
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

namespace {

/// Lines of an environment by their names: a later one wins.
class Lines {
public:
    void set(std::string_view line) { lines_[std::string{line.substr(0, line.find('='))}] = line; }
    bool has(std::string_view name) const { return lines_.contains(name); }
    /// For exec. What is handed out once may be in use until the program ends.
    char* const* keep() const {
        auto* const kept = new std::vector<char*>;
        for (const auto& [name, line] : lines_) kept->push_back(::strdup(line.c_str()));
        kept->push_back(nullptr);
        return kept->data();
    }

private:
    std::map<std::string, std::string, std::less<>> lines_;
};

struct Environments {
    char* const* program;
    char* const* unattended;
    std::vector<std::string> unattended_lines;
};

Environments make_environments(const std::vector<std::string>& given) {
    Lines lines;
    for (char** entry = environ; *entry; ++entry)
        if (!std::string_view{*entry}.starts_with("CARREL_")) lines.set(*entry);
    for (char** entry = environ; *entry; ++entry)
        if (const std::string_view line{*entry}; line.starts_with(given_prefix))
            lines.set(line.substr(given_prefix.size()));
    for (const auto& line : given) lines.set(line);
    Environments made{lines.keep(), nullptr, {}};
    for (const auto line : unattended) {
        if (lines.has(line.substr(0, line.find('=')))) continue;
        made.unattended_lines.emplace_back(line);
        lines.set(line);
    }
    made.unattended = lines.keep();
    return made;
}

/// Set once or twice in a program's life, and read by all its threads: never freed.
std::atomic<const Environments*> current{nullptr};

const Environments& environments() {
    if (const auto* made = current.load()) return *made;
    const auto* const fresh = new Environments{make_environments({})};
    const Environments* none = nullptr;
    return current.compare_exchange_strong(none, fresh) ? *fresh : *none;
}

}  // namespace

char* const* program_environment() { return environments().program; }

char* const* unattended_environment() { return environments().unattended; }

std::vector<std::string> unattended_lines() { return environments().unattended_lines; }

void give_environment(std::vector<std::string> lines) {
    current.store(new Environments{make_environments(lines)});
}

}  // namespace carrel::desk::spawn
