#include "ops/desk/pty.hpp"

#include <algorithm>
#include <array>

#include "ops/desk/file_fields.hpp"
#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

constexpr std::size_t longest_id = 64;
constexpr int most_cells = 1000;
constexpr auto which_pty = "of one terminal; absent: of every one";

constexpr std::array pty_list_answer{
    Member{"ptys", "array",
           "objects with pty_id, pid, command (empty: a shell), cols, rows, started_at (RFC 3339)"},
};
constexpr std::array change_answer{
    Member{"pty_ids", "array", "the terminals that it went to; there may be none"},
};

constexpr std::array pty_table{
    Operation{
        .name = "terminal/pty",
        .method = "GET",
        .response = Body::upgrade,
        .summary =
            "A terminal of its own over WebSocket: messages are input, binary messages come back as output, "
            "as xterm.js's addon-attach wants it. With the subprotocol carrel.pty.v1 binary messages are "
            "input and text messages are JSON: the client sends {\"type\":\"resize\",\"cols\",\"rows\"}, "
            "{\"type\":\"signal\",\"signal\"}, {\"type\":\"eof\"}, {\"type\":\"pause\"} and "
            "{\"type\":\"resume\"}; the desk sends {\"type\":\"started\",\"pty_id\",\"pid\"}, "
            "{\"type\":\"error\",\"message\"} and at last {\"type\":\"exit\",\"exit_code\"} (with \"signal\" "
            "when one ended it). A client that takes nothing stops the program, and is disconnected after a "
            "minute unless it has paused. When the client goes, the session gets SIGHUP and, two seconds "
            "later, SIGKILL. At most 16 at once.",
        .request_schema = schema<open_pty_shape>,
    },
    Operation{
        .name = "terminal/pty/list",
        .method = "GET",
        .permission = view,
        .summary = "The terminals that clients are connected to.",
        .answer = pty_list_answer,
    },
    Operation{
        .name = "terminal/pty/resize",
        .method = "POST",
        .request = Body::json,
        .summary = "Gives a terminal another size; its program gets SIGWINCH.",
        .request_schema = schema<resize_pty_shape>,
        .answer = change_answer,
        .example = R"({"cols":100,"rows":30})",
    },
    Operation{
        .name = "terminal/pty/signal",
        .method = "POST",
        .request = Body::json,
        .summary = "Sends a signal to what runs in the foreground of a terminal.",
        .request_schema = schema<signal_pty_shape>,
        .answer = change_answer,
        .example = R"({"signal":"SIGINT"})",
    },
    Operation{
        .name = "terminal/pty/close",
        .method = "POST",
        .request = Body::json,
        .summary = "Hangs a terminal up: its session gets SIGHUP and, two seconds later, SIGKILL.",
        .request_schema = schema<close_pty_shape>,
        .answer = change_answer,
        .example = "{}",
    },
};

}  // namespace

std::span<const Operation> pty_rows() { return pty_table; }

json::Rule id_rule() {
    const auto is_good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c == '.';
    };
    return {[is_good](const json::Value& value) -> std::optional<std::string> {
                const std::string_view id = value.as_string();
                if (!id.empty() && id.size() <= longest_id && std::ranges::all_of(id, is_good))
                    return std::nullopt;
                return "must be 1 to 64 letters, digits, \"-\", \"_\" or \".\"";
            },
            {{"pattern", "^[A-Za-z0-9._-]{1,64}$"}}};
}

const Shape<OpenPty>& open_pty_shape() {
    static const Shape<OpenPty> shape{
        field("cols", &OpenPty::cols, "columns", between(1, most_cells)).with_default(),
        field("rows", &OpenPty::rows, "rows", between(1, most_cells)).with_default(),
        field("command", &OpenPty::command, "for bash; absent: an interactive login shell",
              length_between(1, longest_word))
            .with_default(),
        field("cwd", &OpenPty::cwd, "where it starts, an absolute path; absent: the home directory",
              length_between(1, longest_path))
            .with_default(),
        field("pty_id", &OpenPty::pty_id, "what it shall be called; absent: a name is made up", id_rule())
            .with_default()};
    return shape;
}

const Shape<ResizePty>& resize_pty_shape() {
    static const Shape<ResizePty> shape{
        field("pty_id", &ResizePty::pty_id, which_pty, id_rule()).with_default(),
        field("cols", &ResizePty::cols, "columns", between(1, most_cells)),
        field("rows", &ResizePty::rows, "rows", between(1, most_cells))};
    return shape;
}

const Shape<SignalPty>& signal_pty_shape() {
    static const Shape<SignalPty> shape{
        field("pty_id", &SignalPty::pty_id, which_pty, id_rule()).with_default(),
        field("signal", &SignalPty::signal, "its name, such as SIGINT", length_between(1, 40))};
    return shape;
}

const Shape<ClosePty>& close_pty_shape() {
    static const Shape<ClosePty> shape{
        field("pty_id", &ClosePty::pty_id, which_pty, id_rule()).with_default()};
    return shape;
}

}  // namespace carrel::ops
