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
    std::vector<std::string> all() const {
        std::vector<std::string> lines;
        for (const auto& [name, line] : lines_) lines.push_back(line);
        return lines;
    }

private:
    std::map<std::string, std::string, std::less<>> lines_;
};

/// An environment as exec takes it.
class Environment {
public:
    explicit Environment(std::vector<std::string> lines) : lines_{std::move(lines)} {
        for (auto& line : lines_) pointers_.push_back(line.data());
        pointers_.push_back(nullptr);
    }
    char* const* pointers() const { return pointers_.data(); }

private:
    std::vector<std::string> lines_;
    std::vector<char*> pointers_;
};

struct Environments {
    Environments(const Lines& program_, const Lines& unattended_, std::vector<std::string> unattended_lines_,
                 const Environments* older_)
        : program{program_.all()},
          unattended{unattended_.all()},
          unattended_lines{std::move(unattended_lines_)},
          older{older_} {}
    Environments(const Environments&) = delete;
    Environments& operator=(const Environments&) = delete;

    const Environment program;
    const Environment unattended;
    const std::vector<std::string> unattended_lines;
    const Environments* const older;  ///< what was handed out once may be in use until the program ends
};

const Environments* make_environments(const std::vector<std::string>& given, const Environments* older) {
    Lines lines;
    for (char** entry = environ; *entry; ++entry)
        if (!std::string_view{*entry}.starts_with("CARREL_")) lines.set(*entry);
    for (char** entry = environ; *entry; ++entry)
        if (const std::string_view line{*entry}; line.starts_with(given_prefix))
            lines.set(line.substr(given_prefix.size()));
    for (const auto& line : given) lines.set(line);
    auto more = lines;
    std::vector<std::string> added;
    for (const auto line : unattended) {
        if (lines.has(line.substr(0, line.find('=')))) continue;
        added.emplace_back(line);
        more.set(line);
    }
    return new Environments{lines, more, std::move(added), older};
}

/// Set once or twice in a program's life, and read by all its threads: never freed.
std::atomic<const Environments*> current{nullptr};

const Environments& environments() {
    if (const auto* made = current.load()) return *made;
    const auto* const fresh = make_environments({}, nullptr);
    const Environments* none = nullptr;
    if (current.compare_exchange_strong(none, fresh)) return *fresh;
    delete fresh;
    return *none;
}

}  // namespace

char* const* program_environment() { return environments().program.pointers(); }

char* const* unattended_environment() { return environments().unattended.pointers(); }

std::vector<std::string> unattended_lines() { return environments().unattended_lines; }

void give_environment(std::vector<std::string> lines) {
    current.store(make_environments(lines, current.load()));
}

}  // namespace carrel::desk::spawn
