#include <fmt/format.h>

#include <iostream>

#include "api/desks.hpp"
#include "app/commands/commands.hpp"
#include "app/config.hpp"
#include "json/parse.hpp"
#include "ops/operation.hpp"

namespace carrel::app {

namespace {

std::string_view name_of(ops::Body body) {
    switch (body) {
        case ops::Body::none: return "none";
        case ops::Body::json: return "JSON";
        case ops::Body::multipart: return "multipart/form-data";
        case ops::Body::picture:
            return "JSON, or the picture's bytes when Accept asks for image/png, image/jpeg or image/webp";
        case ops::Body::bytes: return "bytes";
        case ops::Body::event_stream: return "text/event-stream";
        case ops::Body::upgrade: return "WebSocket";
    }
    return "?";
}

std::string_view word_of(ops::Body body) {
    switch (body) {
        case ops::Body::none: return "none";
        case ops::Body::json: return "json";
        case ops::Body::multipart: return "multipart";
        case ops::Body::picture: return "picture";
        case ops::Body::bytes: return "bytes";
        case ops::Body::event_stream: return "event_stream";
        case ops::Body::upgrade: return "upgrade";
    }
    return "?";
}

/// As people write it: JSON's own way would be 3.84E3.
std::string number_of(const json::Value& value) { return fmt::format("{}", value.to_number<double>()); }

/// " {x, y}": what an object is made of.
std::string names_of(const json::Object& members) {
    std::string text;
    for (const auto& member : members)
        text += fmt::format("{}{}", text.empty() ? " {" : ", ", std::string_view{member.key()});
    return text.empty() ? text : text + "}";
}

/// "required", what stands for a field that is absent, or nothing where that is not one value.
std::string need_of(const json::Value& schema, bool is_required) {
    if (is_required) return "required";
    const auto* value = json::find(schema, "default");
    if (!value || (value->is_string() && value->as_string().empty())) return "";
    return fmt::format("`{}`", value->is_number() ? number_of(*value) : json::to_text(*value));
}

std::string type_of(const json::Value& schema) {
    if (const auto* words = json::find(schema, "enum")) {
        std::string text;
        for (const auto& word : words->as_array())
            text += fmt::format("{}`{}`", text.empty() ? "" : ", ", std::string_view{word.as_string()});
        return text;
    }
    if (const auto* choices = json::find(schema, "anyOf")) {
        std::string text;
        for (const auto& choice : choices->as_array())
            text += fmt::format("{}{}", text.empty() ? "" : ", ", type_of(choice));
        return text;
    }
    std::string text{json::text_or(schema, "type", "any")};
    if (const auto* members = json::find(schema, "properties")) text += names_of(members->as_object());
    if (const auto* items = json::find(schema, "items")) text += " of " + type_of(*items);
    if (const auto* least = json::find(schema, "minimum"))
        text += fmt::format(" {}…{}", number_of(*least), number_of(*json::find(schema, "maximum")));
    return text;
}

void print_fields(const json::Object& schema) {
    const auto* properties = schema.if_contains("properties");
    if (!properties || properties->as_object().empty()) return;
    std::string required;
    if (const auto* names = schema.if_contains("required")) required = json::to_text(*names);
    std::cout << "\n| field | type | default | what |\n|---|---|---|---|\n";
    for (const auto& field : properties->as_object()) {
        const std::string name{field.key()};
        const bool is_required = required.find('"' + name + '"') != std::string::npos;
        std::cout << fmt::format("| `{}` | {} | {} | {} |\n", name, type_of(field.value()),
                                 need_of(field.value(), is_required),
                                 json::text_or(field.value(), "description"));
    }
}

void print_answer(const ops::Operation& row) {
    if (row.answer.empty()) return;
    std::cout << "\n| in the answer | type | always | what |\n|---|---|---|---|\n";
    for (const auto& member : row.answer)
        std::cout << fmt::format("| `{}` | {} | {} | {} |\n", member.name, member.type,
                                 member.is_always ? "yes" : "no", member.description);
}

void print_example(const ops::Operation& row, std::string_view prefix) {
    if (row.example.empty()) return;
    const bool is_query = row.method == "GET" || row.request == ops::Body::bytes;
    std::cout << fmt::format("\n```\n{} {}{}{}{}\n{}```\n", row.method, prefix, row.path, is_query ? "?" : "",
                             is_query ? row.example : "", is_query ? "" : fmt::format("{}\n", row.example));
}

void print_rows(std::span<const ops::Operation> rows, std::string_view prefix) {
    for (const auto& row : rows) {
        std::cout << fmt::format("\n### {} `{}{}`\n\n{} Permission: {}. Answer: {}.\n", row.method, prefix,
                                 row.path, row.summary, name_of(row.permission), name_of(row.response));
        if (row.request_schema) print_fields(row.request_schema());
        print_answer(row);
        print_example(row, prefix);
    }
}

int print_operations() {
    std::cout << "# Operations\n\nMade by `carrel operations` from the rows of src/ops. Do not edit.\n\n## "
                 "The server\n";
    print_rows(ops::server_operations(), "");
    std::cout << "\n## A desk\n\nInputs of GET calls, and of those that take bytes, are query parameters.\n";
    print_rows(ops::desk_operations(), api::desk_prefix);
    return 0;
}

json::Object to_json(const ops::Operation& row, std::string_view prefix) {
    json::Object object{{"name", row.name},
                        {"method", row.method},
                        {"path", std::string{prefix} + std::string{row.path}},
                        {"permission", name_of(row.permission)},
                        {"summary", row.summary},
                        {"request", word_of(row.request)},
                        {"response", word_of(row.response)},
                        {"answer", ops::answer_schema(row)},
                        {"example", row.example}};
    if (row.request_schema) object["input"] = row.request_schema();
    return object;
}

int print_json() {
    json::Array server;
    json::Array desk;
    for (const auto& row : ops::server_operations()) server.push_back(to_json(row, ""));
    for (const auto& row : ops::desk_operations()) {
        auto object = to_json(row, api::desk_prefix);
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
        std::string flag = "--" + setting.name;
        for (auto& c : flag)
            if (c == '_') c = '-';
        std::string variables;
        for (const auto& variable : setting.variables)
            variables += fmt::format("{}`{}`", variables.empty() ? "" : ", ", variable);
        std::cout << fmt::format("| {} | {} | {} | {} | {} |\n",
                                 setting.is_secret ? "–" : "`" + setting.name + "`",
                                 setting.is_secret ? "–" : "`" + flag + "`", variables, setting.get(Config{}),
                                 setting.description);
    }
    return 0;
}

}  // namespace

void add_operations(CLI::App& program, Action& action) {
    auto* word = program.add_subcommand("operations", "Print the API's reference, as Markdown");
    auto wish = std::make_shared<std::pair<bool, bool>>();
    auto* only_settings = word->add_flag("--settings", wish->first, "the settings instead");
    word->add_flag("--json", wish->second, "with JSON Schemas, for programs")->excludes(only_settings);
    word->callback([wish, &action] {
        action = [wish] {
            return wish->first ? print_settings() : wish->second ? print_json() : print_operations();
        };
    });
}

}  // namespace carrel::app
