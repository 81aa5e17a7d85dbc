#include "desk/processes/signals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "core/text.hpp"

namespace carrel::desk::processes {

namespace {

struct Row {
    std::string_view name;
    int number;
};

constexpr std::array table{
    Row{"SIGHUP", SIGHUP},   Row{"SIGINT", SIGINT},   Row{"SIGQUIT", SIGQUIT},     Row{"SIGKILL", SIGKILL},
    Row{"SIGTERM", SIGTERM}, Row{"SIGSTOP", SIGSTOP}, Row{"SIGTSTP", SIGTSTP},     Row{"SIGCONT", SIGCONT},
    Row{"SIGUSR1", SIGUSR1}, Row{"SIGUSR2", SIGUSR2}, Row{"SIGWINCH", SIGWINCH},   Row{"SIGALRM", SIGALRM},
    Row{"SIGABRT", SIGABRT}, Row{"SIGPIPE", SIGPIPE}, Row{"SIGTTIN", SIGTTIN},     Row{"SIGTTOU", SIGTTOU},
    Row{"SIGSEGV", SIGSEGV}, Row{"SIGBUS", SIGBUS},   Row{"SIGFPE", SIGFPE},       Row{"SIGILL", SIGILL},
    Row{"SIGTRAP", SIGTRAP}, Row{"SIGSYS", SIGSYS},   Row{"SIGXCPU", SIGXCPU},     Row{"SIGXFSZ", SIGXFSZ},
    Row{"SIGCHLD", SIGCHLD}, Row{"SIGURG", SIGURG},   Row{"SIGVTALRM", SIGVTALRM}, Row{"SIGPROF", SIGPROF},
    Row{"SIGIO", SIGIO},     Row{"SIGPWR", SIGPWR},
};

}  // namespace

std::optional<int> find_signal(std::string_view name) {
    for (const auto& row : table)
        if (core::equals_ignoring_case(name, row.name) ||
            core::equals_ignoring_case(name, row.name.substr(3)))
            return row.number;
    return std::nullopt;
}

std::string name_of_signal(int number) {
    const auto row = std::ranges::find(table, number, &Row::number);
    return row == table.end() ? fmt::format("signal {}", number) : std::string{row->name};
}

std::string no_such_signal(std::string_view name) {
    std::string known;
    for (const auto& row : table) known.append(known.empty() ? "" : ", ").append(row.name);
    return fmt::format("\"{}\" is no signal; these are: {}", core::utf8_prefix(name, 40), known);
}

}  // namespace carrel::desk::processes
