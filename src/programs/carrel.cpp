#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "api/state/about.hpp"
#include "app/command_words.hpp"
#include "app/commands/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/printer.hpp"
#include "core/error.hpp"
#include "core/text.hpp"

namespace {

/// CLI11 says only that a word is missing when the first one is unknown.
bool is_known_word(const CLI::App& program, const std::string& word) {
    std::vector<std::string> known;
    for (const auto* subcommand : program.get_subcommands({})) known.push_back(subcommand->get_name());
    if (word.starts_with('-') || std::ranges::find(known, word) != known.end()) return true;
    const auto near = carrel::core::nearest(word, known);
    std::cerr << "carrel: there is no word \"" << word << "\""
              << (near ? "; did you mean \"" + *near + "\"?" : "; `carrel --help` lists them") << "\n";
    return false;
}

/// Every word's help ends with the exit codes and the environment.
void add_footer(CLI::App& word) {
    word.footer(carrel::app::help_footer());
    for (auto* below : word.get_subcommands({})) add_footer(*below);
}

}  // namespace

int main(int count, char** words) {
    using namespace carrel::app;
    ::signal(SIGPIPE, SIG_IGN);
    std::vector<std::string> given{words + 1, words + std::max(count, 1)};
    auto command = take_command(given);
    CLI::App program{"Carrel: isolated Linux desktops for agents and the people who work with them"};
    program.name("carrel");
    program.set_version_flag("--version", std::string{carrel::api::version});
    program.require_subcommand(1);
    Action action;
    add_serve(program, action);
    add_doctor(program, action);
    add_image(program, action);
    add_desk(program, action);
    add_client(program, action);
    add_key(program, action);
    add_exec(program, action, std::move(command));
    add_call(program, action);
    add_workspace(program, action);
    add_operations(program, action);
    add_footer(program);
    if (!given.empty() && !is_known_word(program, given.front())) return exit_code::usage;
    try {
        std::ranges::reverse(given);  // as the parser wants them
        program.parse(std::move(given));
    } catch (const CLI::ParseError& wrong) {
        return program.exit(wrong) == 0 ? exit_code::done : exit_code::usage;
    }
    try {
        return action();
    } catch (const UsageError& error) {
        print(STDERR_FILENO, std::string{"carrel: "} + error.what() + "\n");
        return exit_code::usage;
    } catch (const std::exception& error) {
        // What a server says in an error may be a desk's words.
        print(STDERR_FILENO, std::string{"carrel: "} + error.what() + "\n");
        return exit_code::failed;
    }
}
