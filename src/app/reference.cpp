#include "app/reference.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "api/desks.hpp"
#include "app/exit_codes.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "json/parse.hpp"
#include "ops/operation.hpp"

namespace carrel::app {

namespace {

using ops::Operation;

/// What an answer is, in the order of ops::Body.
constexpr std::array<std::string_view, 7> answers{
    "none",
    "JSON",
    "multipart/form-data",
    "JSON, or the picture's bytes when Accept asks for image/png, image/jpeg or image/webp",
    "bytes",
    "text/event-stream",
    "WebSocket",
};

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

/// Text in a table.
std::string cell(std::string_view text) {
    return fmt::format("{}", fmt::join(core::split(text, '|'), "\\|"));
}

/// "Moves the pointer.": what an index has room for.
std::string_view first_sentence(std::string_view text) {
    const auto end = text.find(". ");
    return end == text.npos ? text : text.substr(0, end + 1);
}

std::string fields_of(const Operation& row) {
    if (!row.request_schema) return "";
    const auto schema = row.request_schema();
    const auto& properties = schema.at("properties").as_object();
    if (properties.empty()) return "";
    const auto* names = schema.if_contains("required");
    const auto required = names ? names->as_array() : json::Array{};
    std::string text = "\n| field | type | default | what |\n|---|---|---|---|\n";
    for (const auto& [name, field] : properties) {
        const bool is_required = std::ranges::find(required, json::Value(name)) != required.end();
        text += fmt::format("| `{}` | {} | {} | {} |\n", std::string_view{name}, type_of(field),
                            need_of(field, is_required), cell(json::text_or(field, "description")));
    }
    return text;
}

std::string answer_of(const Operation& row) {
    if (row.answer.empty()) return "";
    std::string text = "\n| in the answer | type | always | what |\n|---|---|---|---|\n";
    for (const auto& member : row.answer)
        text += fmt::format("| `{}` | {} | {} | {} |\n", member.name, member.type,
                            member.is_always ? "yes" : "no", cell(member.description));
    return text;
}

std::string example_of(const Operation& row, std::string_view prefix) {
    if (row.example.empty()) return "";
    return fmt::format("\n```\n{} {}{}{}{}\n```\n", row.method, prefix, row.path,
                       ops::takes_query(row) ? "?" : "\n", row.example);
}

std::string describe(const Operation& row, std::string_view prefix) {
    const auto head =
        fmt::format("\n## {} `{}{}`\n\n{} Permission: {}. Answer: {}.\n", row.method, prefix, row.path,
                    row.summary, ops::name_of(row.permission), answers[std::to_underlying(row.response)]);
    return head + fields_of(row) + answer_of(row) + example_of(row, prefix);
}

std::string describe_all(std::span<const Operation> rows, std::string_view prefix, std::string_view noun) {
    std::string text;
    for (const auto& row : rows)
        if (ops::noun_of(row) == noun) text += describe(row, prefix);
    return text;
}

/// A line each.
std::string list(std::span<const Operation> rows) {
    std::string text = "\n| operation | call | what |\n|---|---|---|\n";
    for (const auto& row : rows)
        text += fmt::format("| [{}]({}.md) | {} `{}` | {} |\n", row.name, ops::noun_of(row), row.method,
                            row.path, cell(first_sentence(row.summary)));
    return text;
}

UsageError unknown_noun(std::string_view noun) {
    std::vector<std::string> nouns;
    for (const auto rows : {ops::server_operations(), ops::desk_operations()})
        for (const auto& row : rows)
            if (nouns.empty() || nouns.back() != ops::noun_of(row)) nouns.emplace_back(ops::noun_of(row));
    // Who asks for one operation, or writes it as its address, wants its noun's page.
    const auto first = noun.substr(0, noun.find('/'));
    if (first != noun && std::ranges::find(nouns, first) != nouns.end())
        return UsageError{fmt::format("\"{}\" is no noun; its page is `carrel operations {}`", noun, first)};
    const auto near = core::nearest(first, nouns);
    return UsageError{fmt::format("there are no operations of \"{}\"; {}", noun,
                                  near ? fmt::format("did you mean \"{}\"?", *near)
                                       : fmt::format("there are {}", fmt::join(nouns, ", ")))};
}

}  // namespace

std::string reference_index() {
    return fmt::format(
        "# Operations\n\nMade by `carrel operations` from the rows of src/ops. Do not edit.\n\nEverything "
        "that a "
        "client can ask, one page a noun. `carrel operations mouse` prints one, `carrel operations --json` "
        "everything with JSON Schemas. Fields stand in a JSON body; of calls that take none, and of those "
        "that take bytes, in the query.\n\n## The server\n{}\n## A desk\n\nBelow `{}`. Every JSON answer "
        "also says "
        "`success`, and `error`, a sentence, where that is false. `carrel call SESSION OPERATION` calls "
        "one.\n{}",
        list(ops::server_operations()), api::desk_prefix, list(ops::desk_operations()));
}

std::string reference_page(std::string_view noun) {
    const auto text = describe_all(ops::server_operations(), "", noun) +
                      describe_all(ops::desk_operations(), api::desk_prefix, noun);
    if (text.empty()) throw unknown_noun(noun);
    return fmt::format(
        "# {0}\n\nMade by `carrel operations {0}` from the rows of src/ops. Do not edit. "
        "[All operations](README.md)\n{1}",
        noun, text);
}

}  // namespace carrel::app
