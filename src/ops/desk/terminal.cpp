#include "ops/desk/terminal.hpp"

#include <array>

#include "ops/desk/pty.hpp"
#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

constexpr double longest_command = 300;
constexpr double longest_stream = 86'400;
constexpr std::size_t longest_answer = 4000;  // what a terminal takes at once
constexpr std::size_t longest_command_input = std::size_t{1} << 20;
constexpr std::size_t longest_terminal_text = std::size_t{16} << 20;

constexpr std::array execute_answer{
    Member{"output", "string", "standard output, its beginning and end when it is longer than 512 KiB"},
    Member{"error", "string", "standard error, likewise; `success` does not depend on it"},
    Member{"system", "string", "what the terminal itself has to say; empty when all went as usual"},
    Member{"exit_code", "integer", "as bash counts: 128 + n after signal n; -1 of one that has not ended"},
    Member{"timed_out", "boolean", "whether it was stopped because it took longer than `timeout`"},
    Member{
        "waiting_for_input", "boolean",
        "whether it has not ended, because it asks for something on its terminal: terminal/answer answers, "
        "the next command ends it"},
    Member{"prompt", "string", "what it asks then: the last line on the terminal, which may be empty", false},
    Member{"duration_ms", "integer", "from its own start to its end"},
};
constexpr std::array input_answer{
    Member{"written", "integer", "bytes that the command has taken"},
    Member{"is_open", "boolean", "whether it can take more"},
};
constexpr std::array restart_answer{
    Member{"message", "string", "a sentence that says what was done"},
};

constexpr std::array terminal_table{
    Operation{
        .name = "terminal/execute",
        .method = "POST",
        .request = Body::json,
        .summary =
            "Runs a command in the desk's one bash, which keeps its state. Commands run one after "
            "another; 64 wait at most, beyond that 503 terminal_queue_full. Its standard input is empty. "
            "One that asks for something on the terminal itself (a password) is answered at once: "
            "`waiting_for_input`.",
        .request_schema = schema<execute_shape>,
        .answer = execute_answer,
        .example = R"({"command":"cd /tmp && pwd","timeout":10})",
    },
    Operation{
        .name = "terminal/execute/stream",
        .method = "POST",
        .request = Body::json,
        .response = Body::event_stream,
        .summary = "The same; output comes as it is written, as {\"type\":\"stdout\"|\"stderr\",\"chunk\"}, "
                   "then {\"type\":\"done\",\"exit_code\",\"system\",\"timed_out\",\"duration_ms\"}, after "
                   "{\"type\":\"error\",\"chunk\"} when it was stopped. When it asks for something on the "
                   "terminal, {\"type\":\"waiting_for_input\",\"prompt\"} says so, and it goes on waiting.",
        .request_schema = schema<execute_stream_shape>,
        .example = R"({"command":"for i in 1 2 3; do echo $i; done"})",
    },
    Operation{
        .name = "terminal/answer",
        .method = "POST",
        .request = Body::json,
        .summary =
            "Types on the terminal for the command that waits for input there, and answers as "
            "terminal/execute does: with its end, or with what it asks next. 409 nothing_waits when none "
            "waits (any more).",
        .request_schema = schema<answer_terminal_shape>,
        .answer = execute_answer,
        .example = R"({"text":"yes"})",
    },
    Operation{
        .name = "terminal/input",
        .method = "POST",
        .request = Body::json,
        .summary = "Writes to the standard input of a command that terminal/execute/stream was given with an "
                   "`input_id`, at its own speed; 404 no_such_input when it has ended.",
        .request_schema = schema<command_input_shape>,
        .answer = input_answer,
        .example = R"({"input_id":"example","data":"a line\n","eof":true})",
        .ends_with_client = true,
    },
    Operation{
        .name = "terminal/restart",
        .method = "POST",
        .request = Body::json,
        .summary = "Ends the bash and starts a new one.",
        .request_schema = schema<nothing_shape>,
        .answer = restart_answer,
        .example = "{}",
    },
};

}  // namespace

std::span<const Operation> terminal_rows() { return terminal_table; }

const Shape<Execute>& execute_shape() {
    static const Shape<Execute> shape{
        field("command", &Execute::command, "for bash; may have many lines",
              length_between(1, longest_terminal_text)),
        field("timeout", &Execute::timeout, "seconds, counted from its own start",
              between(1, longest_command))
            .with_default()};
    return shape;
}

const Shape<ExecuteStream>& execute_stream_shape() {
    static const Shape<ExecuteStream> shape{
        field("command", &ExecuteStream::command, "for bash; may have many lines",
              length_between(1, longest_terminal_text)),
        field("timeout", &ExecuteStream::timeout,
              "seconds, counted from its own start; 0: none, it ends when it ends, or when nobody reads the "
              "stream",
              between(0, longest_stream))
            .with_default(),
        field("input_id", &ExecuteStream::input_id,
              "a new name, by which terminal/input gives it its standard input; absent: that is empty",
              id_rule())
            .with_default()};
    return shape;
}

const Shape<AnswerTerminal>& answer_terminal_shape() {
    static const Shape<AnswerTerminal> shape{
        field("text", &AnswerTerminal::text, "what is typed; \\u0003 (Ctrl-C) ends most programs",
              length_between(0, longest_answer)),
        field("enter", &AnswerTerminal::enter, "whether Enter is pressed after it").with_default(),
        field("timeout", &AnswerTerminal::timeout, "seconds for what follows, as of terminal/execute",
              between(1, longest_command))
            .with_default()};
    return shape;
}

const Shape<CommandInput>& command_input_shape() {
    static const Shape<CommandInput> shape{
        field("input_id", &CommandInput::input_id, "the name that the command was given with", id_rule()),
        field("data", &CommandInput::data, "text", length_between(0, longest_command_input)),
        field("data_base64", &CommandInput::data_base64, "bytes, instead of data",
              length_between(0, 2 * longest_command_input)),
        field("eof", &CommandInput::eof, "whether its input ends with that").with_default(),
        field("timeout", &CommandInput::timeout, "seconds until the command must have taken it",
              between(0, longest_command))
            .with_default()};
    return shape;
}

}  // namespace carrel::ops
