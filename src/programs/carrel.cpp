#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "api/about.hpp"
#include "app/commands/commands.hpp"
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

}  // namespace

int main(int count, char** words) {
    using namespace carrel::app;
    ::signal(SIGPIPE, SIG_IGN);
    CLI::App program{"Carrel: isolated Linux desktops for agents and the people who work with them"};
    program.set_version_flag("--version", std::string{carrel::api::version});
    program.require_subcommand(1);
    Action action;
    add_serve(program, action);
    add_doctor(program, action);
    add_image(program, action);
    add_desk(program, action);
    add_client(program, action);
    add_call(program, action);
    add_operations(program, action);
    if (count > 1 && !is_known_word(program, words[1])) return 2;
    CLI11_PARSE(program, count, words);
    try {
        return action();
    } catch (const std::exception& error) {
        std::cerr << "carrel: " << error.what() << "\n";
        return 1;
    }
}
