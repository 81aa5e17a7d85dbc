#include "ops/desk/background.hpp"

#include <array>

#include "ops/desk/file_fields.hpp"
#include "ops/desk/pty.hpp"
#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

constexpr std::size_t longest_input = std::size_t{1} << 20;
constexpr int longest_piece = 1 << 20;
constexpr double longest_background_wait = 300;
constexpr double farthest = 9e15;  // what a JSON number holds exactly
constexpr auto which_background = "of the process";

constexpr std::array start_answer{
    Member{"process_id", "string", "what it is called here"},
    Member{"pid", "integer", "of the bash that runs the command, inside the desk"},
};
constexpr std::array background_list_answer{
    Member{"processes", "array",
           "objects with the members that terminal/process/wait answers, in the order of their start"},
};
constexpr std::array write_answer{
    Member{"written", "integer", "bytes that the program has taken"},
};
constexpr std::array output_answer{
    Member{"data", "string", "the bytes as text; what is no UTF-8 becomes U+FFFD", false},
    Member{"data_base64", "string", "the bytes, with encoding base64", false},
    Member{"offset", "integer", "of the first byte of this piece"},
    Member{"next_offset", "integer", "where the next piece begins"},
    Member{"dropped", "integer", "bytes between the offset that was asked for and this one: no longer kept"},
    Member{"size", "integer", "bytes that the stream has had so far"},
    Member{"is_end", "boolean", "whether this piece is the last: nothing more will come"},
};
constexpr std::array signal_answer{
    Member{"signalled", "integer", "how many processes it was sent to"},
};
constexpr std::array wait_answer{
    Member{"process_id", "string", "what it is called here"},
    Member{"pid", "integer", "inside the desk"},
    Member{"command", "string", "as it was given"},
    Member{"cwd", "string", "where it was started"},
    Member{"is_running", "boolean", "whether it has not ended yet"},
    Member{"exit_code", "integer", "as bash counts: 128 + n after signal n", false},
    Member{"signal", "string", "the name of the signal that ended it", false},
    Member{"started_at", "string", "RFC 3339"},
    Member{"ended_at", "string", "RFC 3339", false},
    Member{"duration_ms", "integer", "from its start to its end, or to now"},
    Member{"stdout_bytes", "integer", "that it has printed so far"},
    Member{"stderr_bytes", "integer", "that it has printed so far"},
    Member{"has_input", "boolean", "whether terminal/process/write reaches it"},
};
constexpr std::array remove_answer{
    Member{"process_id", "string", "what it was called"},
};

constexpr std::array background_table{
    Operation{
        .name = "terminal/process/start",
        .method = "POST",
        .request = Body::json,
        .summary = "Starts a program beside the terminal. It outlives the client and ends with the desk; 32 "
                   "may run at once. Should the desk's tool server break down and be started again (event "
                   "tool_server_restarted), all of them end with it.",
        .request_schema = schema<start_process_shape>,
        .answer = start_answer,
        .example = R"({"command":"echo hello; cat","stdin":true,"process_id":"example"})",
    },
    Operation{
        .name = "terminal/process/list",
        .method = "GET",
        .permission = view,
        .summary = "The programs that were started, also those that have ended: the last 32 of them.",
        .answer = background_list_answer,
    },
    Operation{
        .name = "terminal/process/write",
        .method = "POST",
        .request = Body::json,
        .summary = "Writes to a program's standard input, at its own speed.",
        .request_schema = schema<write_process_shape>,
        .answer = write_answer,
        .example = R"({"process_id":"example","data":"typed\n","eof":true})",
    },
    Operation{
        .name = "terminal/process/output",
        .method = "GET",
        .permission = view,
        .summary = "What a program has printed, from any offset that is kept: of each stream the last 4 MiB "
                   "at least, of all together 64 MiB.",
        .request_schema = schema<process_output_shape>,
        .answer = output_answer,
        .example = "process_id=example&wait=5",
    },
    Operation{
        .name = "terminal/process/follow",
        .method = "GET",
        .permission = view,
        .response = Body::event_stream,
        .summary = "The same as it comes: `output` events whose id is the next offset, so that Last-Event-ID "
                   "goes on where it was, and `end` when stream and program have ended.",
        .request_schema = schema<follow_process_shape>,
        .example = "process_id=example",
    },
    Operation{
        .name = "terminal/process/wait",
        .method = "POST",
        .permission = view,
        .request = Body::json,
        .summary = "Waits for a program's end, or until the time is over; answers how it is then.",
        .request_schema = schema<wait_process_shape>,
        .answer = wait_answer,
        .example = R"({"process_id":"example","timeout":10})",
    },
    Operation{
        .name = "terminal/process/signal",
        .method = "POST",
        .request = Body::json,
        .summary = "Sends a signal to a program and everything that it has started, daemons too, also after "
                   "its own end.",
        .request_schema = schema<signal_process_shape>,
        .answer = signal_answer,
        .example = R"({"process_id":"example","signal":"SIGTERM"})",
    },
    Operation{
        .name = "terminal/process/remove",
        .method = "POST",
        .request = Body::json,
        .summary = "Forgets a program that has ended, with its output.",
        .request_schema = schema<remove_process_shape>,
        .answer = remove_answer,
        .example = R"({"process_id":"example"})",
    },
};

}  // namespace

std::span<const Operation> background_rows() { return background_table; }

const Shape<StartProcess>& start_process_shape() {
    static const Shape<StartProcess> shape{
        field("command", &StartProcess::command, "for bash", length_between(1, longest_word)),
        field("cwd", &StartProcess::cwd, "where it starts, an absolute path; absent: the home directory",
              length_between(1, longest_path))
            .with_default(),
        field("env", &StartProcess::env,
              "variables of its environment, over the desk's own; values are strings")
            .with_default(),
        field("stdin", &StartProcess::stdin_pipe,
              "whether it gets a pipe for terminal/process/write; else its input is empty")
            .with_default(),
        field("process_id", &StartProcess::process_id, "what it shall be called; absent: a name is made up",
              id_rule())
            .with_default()};
    return shape;
}

const Shape<WriteProcess>& write_process_shape() {
    static const Shape<WriteProcess> shape{
        field("process_id", &WriteProcess::process_id, which_background, id_rule()),
        field("data", &WriteProcess::data, "text", length_between(0, longest_input)),
        field("data_base64", &WriteProcess::data_base64, "bytes, instead of data",
              length_between(0, 2 * longest_input)),
        field("eof", &WriteProcess::eof, "whether its input ends with that").with_default(),
        field("timeout", &WriteProcess::timeout, "seconds until the program must have taken it",
              between(0, longest_background_wait))
            .with_default()};
    return shape;
}

const Shape<ProcessOutput>& process_output_shape() {
    static const Shape<ProcessOutput> shape{
        field("process_id", &ProcessOutput::process_id, which_background, id_rule()),
        field("stream", &ProcessOutput::stream, "stdout or stderr", one_of({"stdout", "stderr"}))
            .with_default(),
        field("offset", &ProcessOutput::offset, "of the first byte; negative: so many bytes before the end",
              between(-farthest, farthest))
            .with_default(),
        field("limit", &ProcessOutput::limit, "bytes at most", between(4, longest_piece)).with_default(),
        field("wait", &ProcessOutput::wait, "seconds to wait for something new",
              between(0, longest_background_wait))
            .with_default(),
        field("encoding", &ProcessOutput::encoding, "text or base64", one_of({"text", "base64"}))
            .with_default()};
    return shape;
}

const Shape<FollowProcess>& follow_process_shape() {
    static const Shape<FollowProcess> shape{
        field("process_id", &FollowProcess::process_id, which_background, id_rule()),
        field("stream", &FollowProcess::stream, "stdout or stderr", one_of({"stdout", "stderr"}))
            .with_default(),
        field("offset", &FollowProcess::offset, "of the first byte; negative: so many bytes before the end",
              between(-farthest, farthest))
            .with_default(),
        field("encoding", &FollowProcess::encoding, "text or base64", one_of({"text", "base64"}))
            .with_default()};
    return shape;
}

const Shape<SignalProcess>& signal_process_shape() {
    static const Shape<SignalProcess> shape{
        field("process_id", &SignalProcess::process_id, which_background, id_rule()),
        field("signal", &SignalProcess::signal, "its name", length_between(1, 40)).with_default()};
    return shape;
}

const Shape<WaitProcess>& wait_process_shape() {
    static const Shape<WaitProcess> shape{
        field("process_id", &WaitProcess::process_id, which_background, id_rule()),
        field("timeout", &WaitProcess::timeout, "seconds", between(0, longest_background_wait))
            .with_default()};
    return shape;
}

const Shape<RemoveProcess>& remove_process_shape() {
    static const Shape<RemoveProcess> shape{
        field("process_id", &RemoveProcess::process_id, which_background, id_rule())};
    return shape;
}

}  // namespace carrel::ops
