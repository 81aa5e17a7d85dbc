#include <fmt/format.h>

#include <iostream>

#include "api/desks.hpp"
#include "app/commands/commands.hpp"
#include "app/config.hpp"
#include "app/exit_codes.hpp"
#include "app/reference.hpp"
#include "json/parse.hpp"
#include "ops/operation.hpp"

namespace carrel::app {

namespace {

json::Object to_json(const ops::Operation& row, std::string_view prefix, json::Object answer) {
    json::Object object{{"name", row.name},
                        {"noun", ops::noun_of(row)},
                        {"method", row.method},
                        {"path", std::string{prefix} + std::string{row.path}},
                        {"permission", ops::name_of(row.permission)},
                        {"summary", row.summary},
                        {"request", ops::name_of(row.request)},
                        {"response", ops::name_of(row.response)},
                        {"answer", std::move(answer)},
                        {"example", row.example}};
    if (row.request_schema) object["input"] = row.request_schema();
    return object;
}

int print_json() {
    json::Array server;
    json::Array desk;
    for (const auto& row : ops::server_operations())
        server.push_back(to_json(row, "", ops::answer_schema(row)));
    for (const auto& row : ops::desk_operations()) {
        auto object = to_json(row, api::desk_prefix, ops::desk_answer_schema(row));
        object["batch"] = ops::is_batchable(row);
        desk.push_back(std::move(object));
    }
    std::cout << json::to_text(json::Object{{"server", std::move(server)}, {"desk", std::move(desk)}})
              << "\n";
    return 0;
}

int print_settings() {
    std::cout
        << "# Settings\n\nMade by `carrel operations --settings`. Do not edit. Later wins: TOML file "
           "(`--config`), environment, "
           "flags.\n\n| name in the file | flag | environment | default | what |\n|---|---|---|---|---|\n";
    for (const auto& setting : settings()) {
        std::string variables;
        for (const auto& variable : setting.variables)
            variables += fmt::format("{}`{}`", variables.empty() ? "" : ", ", variable);
        std::cout << fmt::format("| {} | {} | {} | {} | {} |\n",
                                 setting.is_secret ? "–" : "`" + setting.name + "`",
                                 setting.is_secret ? "–" : "`" + flag_of(setting) + "`", variables,
                                 setting.get(Config{}), setting.description);
    }
    return 0;
}

}  // namespace

void add_operations(CLI::App& program, Action& action) {
    struct Wish {
        std::string noun;
        bool is_json = false;
        bool is_settings = false;
        bool is_command_line = false;
    };
    auto* word = program.add_subcommand(
        "operations", "Print the API's reference, as Markdown: its index, or one noun's page");
    auto wish = std::make_shared<Wish>();
    auto* noun = word->add_option("noun", wish->noun, "whose page, such as mouse; without one, the index");
    auto* only_settings =
        word->add_flag("--settings", wish->is_settings, "the settings instead")->excludes(noun);
    auto* only_words =
        word->add_flag("--command-line", wish->is_command_line, "exit codes and environment instead")
            ->excludes(noun)
            ->excludes(only_settings);
    word->add_flag("--json", wish->is_json, "all operations with JSON Schemas, for programs")
        ->excludes(noun)
        ->excludes(only_settings)
        ->excludes(only_words);
    word->callback([wish, &action] {
        action = [wish] {
            if (wish->is_settings) return print_settings();
            if (wish->is_command_line) return std::cout << command_line_page(), 0;
            if (wish->is_json) return print_json();
            std::cout << (wish->noun.empty() ? reference_index() : reference_page(wish->noun));
            return 0;
        };
    });
}

}  // namespace carrel::app
