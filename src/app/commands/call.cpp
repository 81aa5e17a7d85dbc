// call: any operation of a desk from the command line, made from its row.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <vector>

#include "api/desks.hpp"
#include "app/client.hpp"
#include "app/commands/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/pictures.hpp"
#include "app/printer.hpp"
#include "core/error.hpp"
#include "core/id.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "json/query.hpp"
#include "ops/operation.hpp"

namespace carrel::app {

namespace {

struct CallOptions {
    std::string server = ServerAddress{}.url;
    std::string id;
    std::string operation;
    std::string method;
    std::vector<std::string> fields;
    std::string picture;
};

/// What a command line can give and show.
bool is_callable(const ops::Operation& row) {
    const bool can_give = row.request == ops::Body::none || row.request == ops::Body::json;
    return can_give && row.response != ops::Body::upgrade && !row.path.contains('{');
}

UsageError unknown_operation(const std::string& name) {
    std::vector<std::string> names;
    for (const auto& row : ops::desk_operations())
        if (is_callable(row)) names.emplace_back(row.name);
    const auto near = core::nearest(name, names);
    return UsageError{fmt::format(
        "there is no operation \"{}\"{}", name,
        near ? fmt::format("; did you mean \"{}\"?", *near) : "; `carrel call` without one lists them")};
}

UsageError other_method(const CallOptions& options, const ops::Operation& row) {
    return UsageError{
        fmt::format("{} has no {}: it is called by {}", options.operation, options.method, row.method)};
}

/// The row of the name, and of the method if one was said.
const ops::Operation& get_row(const CallOptions& options) {
    const auto* named =
        ops::find_desk_operation_named(options.operation, !options.fields.empty(), is_callable);
    if (!named) throw unknown_operation(options.operation);
    if (options.method.empty()) return *named;
    const auto* row = ops::find_desk_operation(options.method, "/" + options.operation);
    if (!row || !is_callable(*row)) throw other_method(options, *named);
    return *row;
}

/// A text stays one where the row wants a text; all else is JSON, such as 3, true or {"x":1,"y":2}.
json::Value value_of(const json::Object& schema, const std::string& name, const std::string& text) {
    const auto* properties = schema.if_contains("properties");
    const auto* property = properties ? json::find(*properties, name) : nullptr;
    if (property && json::text_or(*property, "type") == "string") return json::Value(text);
    auto value = json::parse(text);
    return value ? std::move(*value) : json::Value(text);
}

int list_operations() {
    for (const auto& row : ops::desk_operations())
        if (is_callable(row)) std::cout << fmt::format("{:4} {:28} {}\n", row.method, row.name, row.summary);
    return 0;
}

/// 1 when the operation itself says that it did not work out.
int exit_code_of(const json::Value& answer) {
    const auto* success = json::find(answer, "success");
    return success && success->is_bool() && !success->as_bool() ? exit_code::failed : exit_code::done;
}

/// 1 when there is none, or another kind than the file's name says.
int save_pictures(const CallOptions& options, const std::vector<Picture>& pictures) {
    if (options.picture.empty()) return exit_code::done;
    if (pictures.empty())
        return print(STDERR_FILENO, "carrel: the answer has no picture\n"), exit_code::failed;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const auto file = picture_file(options.picture, i);
        if (pictures[i].format != picture_format(file)) {
            print(STDERR_FILENO, fmt::format("carrel: the picture is image/{}, so {} is not written\n",
                                             pictures[i].format, file));
            return exit_code::failed;
        }
        core::write_all(core::open_file(file, O_WRONLY | O_CREAT | O_TRUNC, 0644).get(), pictures[i].bytes);
    }
    return exit_code::done;
}

/// Prints it, its pictures by name alone.
int show_answer(const CallOptions& options, std::string text) {
    auto answer = json::parse(text);
    if (!answer) return print(STDOUT_FILENO, text + "\n"), exit_code::failed;
    const auto pictures = take_pictures(*answer, options.picture);
    print(STDOUT_FILENO, (pictures.empty() ? text : json::to_text(*answer)) + "\n");
    const auto saved = save_pictures(options, pictures);
    return saved == exit_code::done ? exit_code_of(*answer) : saved;
}

/// Where the row lets a picture's kind be chosen, the file's name chooses it.
void choose_format(const CallOptions& options, const json::Object& schema, json::Object& input) {
    if (options.picture.empty()) return;
    const auto format = picture_format(options.picture);
    const auto* properties = schema.if_contains("properties");
    if (properties && json::find(*properties, "format") && !input.contains("format"))
        input["format"] = format;
}

int call(const CallOptions& options) {
    if (options.operation.empty()) return list_operations();
    const auto& row = get_row(options);
    if (!core::is_id("sess_", options.id))
        throw UsageError{fmt::format("\"{}\" is no session: `carrel session list` shows them", options.id)};
    auto path = fmt::format("/api/v1/sessions/{}/desk{}", options.id, row.path);
    const auto schema = row.request_schema ? row.request_schema() : json::Object{};
    auto input = fields_of(options.fields, schema);
    const bool is_json = row.response == ops::Body::json || row.response == ops::Body::picture;
    if (!options.picture.empty() && !is_json) throw UsageError{options.operation + " answers no picture"};
    choose_format(options, schema, input);
    const bool is_query = ops::takes_query(row);
    if (is_query) path += json::query_text(input);
    Client client{{.url = options.server, .key = key_of_environment()}};
    std::string answer;
    Printer printer{STDOUT_FILENO};
    client.stream(std::string{row.method}, path, is_json ? "application/json" : "*/*",
                  is_query ? nullptr : &input, [&](std::string_view piece) {
                      if (is_json)
                          answer += piece;
                      else
                          printer.print(piece);
                      return true;
                  });
    printer.finish();
    return is_json ? show_answer(options, std::move(answer)) : exit_code::done;
}

}  // namespace

json::Object fields_of(const std::vector<std::string>& words, const json::Object& schema) {
    if (words.size() == 1 && words.front().starts_with('{')) {
        auto value = json::parse(words.front());
        if (!value) throw UsageError{value.error().message()};
        return std::move(value->as_object());
    }
    json::Object input;
    for (const auto& word : words) {
        const auto equals = word.find('=');
        if (equals == std::string::npos)
            throw UsageError{fmt::format("\"{}\" is no name=value, nor one JSON object", word)};
        const auto name = word.substr(0, equals);
        input[name] = value_of(schema, name, word.substr(equals + 1));
    }
    return input;
}

void add_call(CLI::App& program, Action& action) {
    auto options = std::make_shared<CallOptions>();
    auto* word = program.add_subcommand("call", "Call any operation of a desk; without one, list them");
    word->add_option("session", options->id, "its id, sess_…");
    word->add_option("operation", options->operation, R"(its name, such as "mouse/click")");
    word->add_option("fields", options->fields, "name=value, or one JSON object");
    word->add_option("--method", options->method, "GET or POST, where both have the name")
        ->check(CLI::IsMember({"GET", "POST"}));
    word->add_option("--picture", options->picture,
                     "where the answer's picture goes, *.png, *.jpg or *.webp; a second one goes to FILE-2")
        ->type_name("FILE");
    add_server_option(*word, options->server);
    word->callback([options, &action] { action = [options] { return call(*options); }; });
}

}  // namespace carrel::app
