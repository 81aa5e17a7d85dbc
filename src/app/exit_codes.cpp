#include "app/exit_codes.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace carrel::app {

namespace {

struct Row {
    std::string_view name;
    std::string_view meaning;
};

constexpr std::array codes{
    Row{"0", "done"},
    Row{"1",
        "refused or failed, which a sentence on standard error explains; of `call`, its answer says "
        "`success` false; "
        "of `doctor`, something is BAD"},
    Row{"2", "the words of the command line are wrong; nothing was done"},
    Row{"124", "of `exec`: the command was stopped at its --timeout"},
    Row{"125",
        "of `exec`: the command was not run, or its end is unknown (no server, no session, no key, the desk "
        "ended)"},
    Row{"other", "of `exec`: the command's own, 128 + n after signal n"},
};
constexpr std::array environment_rows{
    Row{"CARREL_URL", "where the server is, as --server; http://127.0.0.1:7800 without it"},
    Row{"CARREL_TOKEN", "the key, of a server that asks for one"},
};

std::string plain(std::string_view text) {
    std::string kept;
    for (const char c : text)
        if (c != '`') kept += c;
    return kept;
}

}  // namespace

std::string help_footer() {
    std::string text = "Exit codes:\n";
    for (const auto& row : codes) text += fmt::format("  {:14}{}\n", row.name, plain(row.meaning));
    text += "\nEnvironment:\n";
    for (const auto& row : environment_rows) text += fmt::format("  {:14}{}\n", row.name, row.meaning);
    return text;
}

std::string command_line_page() {
    std::string text =
        "# Command line\n\nMade by `carrel operations --command-line`. Do not edit. `carrel --help` lists "
        "the words, "
        "`carrel WORD --help` the options of one.\n\n## Exit codes\n\n| code | meaning |\n|---|---|\n";
    for (const auto& row : codes) text += fmt::format("| {} | {} |\n", row.name, row.meaning);
    text += "\n## Environment\n\n| variable | meaning |\n|---|---|\n";
    for (const auto& row : environment_rows) text += fmt::format("| `{}` | {} |\n", row.name, row.meaning);
    text +=
        "\n## exec\n\nEverything after the session is the command: `carrel exec SESSION ls -la /home` "
        "(options of exec "
        "stand before it). One word is a line for the shell, several are its words as they are. It runs in "
        "the "
        "desk's one shell, which keeps directory and variables from one command to the next.\n\nWhat it "
        "prints comes as "
        "it is printed. Standard input goes to it when it is a pipe or a file (`tar c . | carrel exec "
        "SESSION 'tar x'`); "
        "as with ssh, in a loop that reads its own input give `--no-input`. It may take any time; "
        "`--timeout` "
        "bounds that. Ctrl-C ends it in the desk, too.\n\n## call\n\nPictures in an answer are named, not "
        "printed: "
        "`--picture FILE` saves them.\n";
    return text;
}

}  // namespace carrel::app
