// workspace: files of the caller's that outlive desks.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "app/client.hpp"
#include "app/commands/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/printer.hpp"
#include "core/fd.hpp"
#include "core/sys.hpp"

namespace carrel::app {

namespace {

struct WorkspaceOptions {
    std::string server = ServerAddress{}.url;
    std::string name;
    std::string file = "-";
};

Client server_of(const WorkspaceOptions& options) {
    return Client{{.url = options.server, .key = key_of_environment()}};
}

/// It becomes part of a path: only what the server would take.
std::string place_of(const WorkspaceOptions& options) {
    const auto is_usual = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    };
    if (options.name.empty() || options.name.front() == '.' || !std::ranges::all_of(options.name, is_usual))
        throw UsageError{
            fmt::format("\"{}\" is no workspace: `carrel workspace list` shows them", options.name)};
    return "/api/v1/workspaces/" + options.name;
}

/// One that was made before there were quotas has none.
std::string quota_of(const json::Value& workspace) {
    const auto* quota = workspace.as_object().if_contains("quota_bytes");
    return quota && !quota->is_null() ? json::to_text(*quota) : "any";
}

int list_workspaces(const WorkspaceOptions& options) {
    const auto answer = server_of(options).call("GET", "/api/v1/workspaces");
    for (const auto& workspace : answer.at("workspaces").as_array())
        print(STDOUT_FILENO,
              fmt::format("{:32}  {:>14} bytes of {:>14}  {:>8} files  {}\n",
                          json::text_or(workspace, "name"), json::to_text(workspace.at("bytes")),
                          quota_of(workspace), json::to_text(workspace.at("files")),
                          json::text_or(workspace, "modified_at", "empty")));
    return 0;
}

int download_workspace(const WorkspaceOptions& options) {
    if (options.file == "-" && ::isatty(STDOUT_FILENO) == 1)
        throw UsageError{"a tar is nothing for a terminal: name a file, or send it on to a program"};
    core::Fd file = options.file == "-" ? core::Fd{::dup(STDOUT_FILENO)} : core::Fd{};
    server_of(options).stream(
        "GET", place_of(options) + "/archive", "*/*", nullptr, [&](std::string_view piece) {
            // Only now: a refusal leaves no empty file.
            if (!file) file = core::open_file(options.file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
            core::write_all(file.get(), piece);
            return true;
        });
    return 0;
}

int remove_workspace(const WorkspaceOptions& options) {
    server_of(options).call("DELETE", place_of(options));
    return 0;
}

}  // namespace

void add_workspace(CLI::App& program, Action& action) {
    auto options = std::make_shared<WorkspaceOptions>();
    auto* workspace = program.add_subcommand("workspace", "Files on a running server that outlive desks");
    workspace->require_subcommand(1);
    const auto add = [&](const char* name, const char* description,
                         int (*function)(const WorkspaceOptions&)) {
        auto* word = workspace->add_subcommand(name, description);
        add_server_option(*word, options->server);
        word->callback(
            [options, function, &action] { action = [options, function] { return function(*options); }; });
        return word;
    };
    const auto with_name = [&](CLI::App* word) {
        word->add_option("workspace", options->name, "its name")->required();
        return word;
    };
    add("list", "List workspaces", list_workspaces);
    with_name(add("download", "Save the files of one as a tar", download_workspace))
        ->add_option("file", options->file, "*.tar; - for standard output")
        ->capture_default_str();
    with_name(add("rm", "Delete one that no living desk has", remove_workspace));
}

}  // namespace carrel::app
