#include <signal.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "api/about.hpp"
#include "app/commands/commands.hpp"
#include "core/error.hpp"

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
    add_operations(program, action);
    CLI11_PARSE(program, count, words);
    try {
        return action();
    } catch (const std::exception& error) {
        std::cerr << "carrel: " << error.what() << "\n";
        return 1;
    }
}
