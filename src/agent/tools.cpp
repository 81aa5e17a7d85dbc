#include "agent/tools.hpp"

#include <fmt/format.h>

#include "agent/computer.hpp"
#include "agent/rules.hpp"
#include "agent/shell_tools.hpp"
#include "core/error.hpp"

namespace carrel::agent {

namespace {

constexpr std::string_view computer = "computer";

Task<ToolResult> dispatch(const Bench& bench, ToolUse use) {
    if (is_computer_call(use)) {
        if (!is_computer_member(use.name))
            throw core::Error{core::Code::invalid, fmt::format("Invalid action: {}", use.name)};
        return run_computer(bench, std::move(use.name), std::move(use.input));
    }
    if (use.name == bash_name) return run_bash(bench.desk, std::move(use.input));
    if (use.name == bash_answer_name) return run_bash_answer(bench.desk, std::move(use.input));
    if (use.name == editor_name) return run_editor(bench.desk, std::move(use.input));
    throw core::Error{core::Code::invalid, fmt::format("There is no tool {}", use.name)};
}

}  // namespace

bool is_computer_call(const ToolUse& use) {
    return use.toolset == computer || (use.toolset.empty() && is_computer_member(use.name));
}

Task<ToolResult> run_tool(const Bench& bench, ToolUse use) {
    ToolResult result;
    std::exception_ptr failure;
    try {
        result = co_await dispatch(bench, std::move(use));
    } catch (...) {
        failure = std::current_exception();
    }
    if (async::is_cancellation(failure)) std::rethrow_exception(failure);
    if (failure) result = {core::message_of(failure), {}, true};
    co_return make_lawful(std::move(result));
}

}  // namespace carrel::agent
