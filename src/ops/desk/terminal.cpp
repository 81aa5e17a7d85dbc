#include "ops/desk/terminal.hpp"

#include <array>

#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

constexpr double longest_command = 300;
constexpr std::size_t longest_terminal_text = std::size_t{16} << 20;

constexpr std::array execute_answer{
    Member{"output", "string", "standard output, its beginning and end when it is longer than 512 KiB"},
    Member{"error", "string", "standard error, likewise; `success` does not depend on it"},
    Member{"system", "string", "what the terminal itself has to say; empty when all went as usual"},
    Member{"exit_code", "integer", "as bash counts: 128 + n after signal n"},
    Member{"timed_out", "boolean", "whether it was stopped because it took longer than `timeout`"},
    Member{"duration_ms", "integer", "from its own start to its end"},
};
constexpr std::array restart_answer{
    Member{"message", "string", "a sentence that says what was done"},
};

constexpr std::array terminal_table{
    Operation{
        .name = "terminal/execute",
        .method = "POST",
        .request = Body::json,
        .summary = "Runs a command in the desk's one bash, which keeps its state. Commands run one after "
                   "another; 64 wait at most, beyond that 503 terminal_queue_full.",
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
                   "{\"type\":\"error\",\"chunk\"} when it was stopped.",
        .request_schema = schema<execute_shape>,
        .example = R"({"command":"for i in 1 2 3; do echo $i; done"})",
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

}  // namespace carrel::ops
