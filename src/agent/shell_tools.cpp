#include "agent/shell_tools.hpp"

#include <algorithm>
#include <array>

#include "agent/tool_input.hpp"
#include "core/text.hpp"

namespace carrel::agent {

namespace {

using json::field;
using json::Object;
using json::Shape;

/// Seconds that a command of a model may take, as in the vendor's own implementation.
constexpr double command_time = 120;
/// More characters of output than this only fill the model's memory.
constexpr std::size_t most_output = 30'000;

[[noreturn]] void refuse(std::string text) { throw core::Error{core::Code::invalid, std::move(text)}; }

/// The beginning and the end of a long text, with a note between.
std::string shortened(std::string_view text) {
    if (text.size() <= most_output) return std::string{text};
    const auto head = core::utf8_prefix(text, most_output * 2 / 3);
    auto tail = text.substr(text.size() - most_output / 3);
    while (!tail.empty() && (static_cast<unsigned char>(tail.front()) & 0xC0) == 0x80) tail.remove_prefix(1);
    return fmt::format(
        "{}\n<system>{} bytes are left out here; write long output to a file and look at parts "
        "of it</system>\n{}",
        head, text.size() - head.size() - tail.size(), tail);
}

/// Appends on a line of its own.
void add(std::string& text, std::string_view more) {
    if (more.empty()) return;
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    text += more;
}

std::string_view without_last_line_end(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    return text;
}

bool is_set(const json::Value& answer, std::string_view name) {
    const auto* value = json::find(answer, name);
    return value && value->is_bool() && value->get_bool();
}

/// Of a command that has not ended, because it asks for something on its terminal. The desk's own last
/// sentence names the operation that answers; a model has a tool for that.
std::string describe_waiting(const json::Value& answer) {
    const auto notes = json::text_or(answer, "system");
    const auto end = notes.rfind('\n');
    std::string text{end == notes.npos ? std::string_view{} : notes.substr(0, end)};
    // A program's words, between ours.
    std::string question;
    for (const char each : json::text_or(answer, "prompt")) {
        if (each == '<' || each == '"') question += '\\';
        question += each;
    }
    add(text,
        fmt::format(
            "The command has not ended: it waits for input on its terminal{}. Give that with "
            "{}; \\u0003 (Control-C) there ends the command, and so does another command of bash.",
            question.empty() ? ", and has asked nothing" : fmt::format(", after printing \"{}\"", question),
            bash_answer_name));
    return text;
}

std::string describe_run(const json::Value& answer) {
    std::string text = shortened(without_last_line_end(json::text_or(answer, "output")));
    if (const auto error = without_last_line_end(json::text_or(answer, "error")); !error.empty())
        add(text, fmt::format("<stderr>\n{}\n</stderr>", shortened(error)));
    const auto system = is_set(answer, "waiting_for_input") ? describe_waiting(answer)
                                                            : std::string{json::text_or(answer, "system")};
    if (!system.empty()) add(text, fmt::format("<system>{}</system>", system));
    const auto* status = json::find(answer, "exit_code");
    if (status && status->is_int64() && status->get_int64() > 0)
        add(text, fmt::format("<system>exit code {}</system>", status->get_int64()));
    if (text.empty()) text = "<system>the command succeeded and printed nothing</system>";
    return text;
}

/// For answers that carry {success, error, output}.
std::string output_of(const json::Value& answer) {
    const auto* success = json::find(answer, "success");
    if (success && success->is_bool() && !success->get_bool())
        refuse(std::string{json::text_or(answer, "error", "the desk refused without saying why")});
    return std::string{json::text_or(answer, "output")};
}

struct Bash {
    std::optional<std::string> command;
    std::optional<bool> restart;
};

struct BashAnswer {
    std::string text;
    std::optional<bool> enter;
};

struct Edit {
    std::string command;
    std::string path;
    std::optional<std::vector<int>> view_range;
    std::optional<std::string> file_text;
    std::optional<std::string> old_str;
    std::optional<std::string> new_str;
    std::optional<int> insert_line;
    std::optional<std::string> insert_text;
};

const std::string& needed(const std::optional<std::string>& value, std::string_view name,
                          std::string_view command) {
    if (!value) refuse(fmt::format("Parameter `{}` is required for command: {}", name, command));
    return *value;
}

Object edit_input(const Edit& edit) {
    Object input{{"path", edit.path}};
    if (edit.command == "view") {
        if (edit.view_range)
            input["view_range"] = boost::json::array(edit.view_range->begin(), edit.view_range->end());
    } else if (edit.command == "create") {
        input["file_text"] = needed(edit.file_text, "file_text", edit.command);
    } else if (edit.command == "str_replace") {
        input["old_str"] = needed(edit.old_str, "old_str", edit.command);
        input["new_str"] = edit.new_str.value_or("");
    } else {
        if (!edit.insert_line) refuse("Parameter `insert_line` is required for command: insert");
        input["insert_line"] = *edit.insert_line;
        // Older versions of the tool call the text new_str.
        input["insert_text"] =
            needed(edit.insert_text ? edit.insert_text : edit.new_str, "insert_text", edit.command);
    }
    return input;
}

std::string operation_of(std::string_view command) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> operations{
        {{"view", "file/view"},
         {"create", "file/create"},
         {"str_replace", "file/replace"},
         {"insert", "file/insert"}}};
    for (const auto& [name, operation] : operations)
        if (name == command) return std::string{operation};
    refuse(fmt::format("Unrecognized command {}. The allowed commands are: view, create, str_replace, insert",
                       command));
}

}  // namespace

Task<ToolResult> run_bash(DeskCalls& desk, json::Object input) {
    static const Shape<Bash> shape{field("command", &Bash::command, "for bash"),
                                   field("restart", &Bash::restart, "start anew")};
    const auto wanted = decode_input(shape, bash_name, input);
    if (wanted.restart.value_or(false)) {
        co_await desk.call("terminal/restart", {});
        co_return ToolResult{"<system>tool has been restarted.</system>", {}, false};
    }
    if (!wanted.command || core::trim(*wanted.command).empty()) refuse("no command provided.");
    const auto answer =
        co_await desk.call("terminal/execute", {{"command", *wanted.command}, {"timeout", command_time}});
    co_return ToolResult{describe_run(answer), {}, is_set(answer, "timed_out")};
}

Task<ToolResult> run_bash_answer(DeskCalls& desk, json::Object input) {
    static const Shape<BashAnswer> shape{field("text", &BashAnswer::text, "what is typed"),
                                         field("enter", &BashAnswer::enter, "whether Enter follows")};
    const auto wanted = decode_input(shape, bash_answer_name, input);
    const auto answer = co_await desk.call(
        "terminal/answer",
        {{"text", wanted.text}, {"enter", wanted.enter.value_or(true)}, {"timeout", command_time}});
    co_return ToolResult{describe_run(answer), {}, is_set(answer, "timed_out")};
}

Task<ToolResult> run_editor(DeskCalls& desk, json::Object input) {
    static const Shape<Edit> shape{field("command", &Edit::command, "what to do"),
                                   field("path", &Edit::path, "absolute"),
                                   field("view_range", &Edit::view_range, "first and last line"),
                                   field("file_text", &Edit::file_text, "of a new file"),
                                   field("old_str", &Edit::old_str, "what is replaced"),
                                   field("new_str", &Edit::new_str, "by what"),
                                   field("insert_line", &Edit::insert_line, "after which line"),
                                   field("insert_text", &Edit::insert_text, "what is inserted")};
    const auto wanted = decode_input(shape, editor_name, input);
    const auto operation = operation_of(wanted.command);
    const auto answer = co_await desk.call(operation, edit_input(wanted));
    co_return ToolResult{output_of(answer), {}, false};
}

}  // namespace carrel::agent
