// The words of the command line: one function each, which adds itself to the parser.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "json/parse.hpp"

namespace carrel::app {

/// What the chosen word does; set by the parser's callbacks, called after parsing. The exit code.
using Action = std::function<int()>;

void add_serve(CLI::App& program, Action& action);
void add_doctor(CLI::App& program, Action& action);
void add_image(CLI::App& program, Action& action);
void add_desk(CLI::App& program, Action& action);
/// session, screenshot, logs: clients of a running server.
void add_client(CLI::App& program, Action& action);
/// key: create, list, revoke.
void add_key(CLI::App& program, Action& action);
/// exec: `command` are the words after its session, which the parser does not get.
void add_exec(CLI::App& program, Action& action, std::vector<std::string> command);
/// call: any operation of a desk.
void add_call(CLI::App& program, Action& action);
/// workspace: list, download, rm.
void add_workspace(CLI::App& program, Action& action);
void add_operations(CLI::App& program, Action& action);

/// --server, of every word that asks one.
void add_server_option(CLI::App& word, std::string& server);
/// CARREL_TOKEN; empty without it.
std::string key_of_environment();

/// A call's body from words: one JSON object, or name=value where a value that the schema does not want as a
/// text is JSON. Throws UsageError.
json::Object fields_of(const std::vector<std::string>& words, const json::Object& schema);

/// Throws Error{forbidden} when this process is not root; `what` needs it.
void require_root(std::string_view what);

}  // namespace carrel::app
