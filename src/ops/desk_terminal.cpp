#include "ops/desk_terminal.hpp"

#include <array>

#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

using json::between;
using json::field;
using json::length_between;
using json::Shape;

constexpr double longest_command = 300;
constexpr std::size_t longest_text = std::size_t{16} << 20;
constexpr auto control = Permission::control;

constexpr std::array rows{
    Operation{"terminal/execute", "POST", "/terminal/execute", control, Body::json, Body::json,
              "Runs a command in the desk's one bash, which keeps its state.", schema<execute_shape>},
    Operation{"terminal/execute/stream", "POST", "/terminal/execute/stream", control, Body::json,
              Body::event_stream, "The same; output comes as it is written.", schema<execute_shape>},
    Operation{"terminal/restart", "POST", "/terminal/restart", control, Body::json, Body::json,
              "Ends the bash and starts a new one.", schema<nothing_shape>},
};

}  // namespace

std::span<const Operation> terminal_rows() { return rows; }

const Shape<Execute>& execute_shape() {
    static const Shape<Execute> shape{
        field("command", &Execute::command, "for bash; may have many lines", length_between(1, longest_text)),
        field("timeout", &Execute::timeout, "seconds", between(1, longest_command)).with_default()};
    return shape;
}

}  // namespace carrel::ops
