// Operations of the terminal: their requests and rows.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "json/fields.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

std::span<const Operation> terminal_rows();

struct Execute {
    std::string command;
    double timeout = 30;  ///< seconds
};
const json::Shape<Execute>& execute_shape();

struct ExecuteStream {
    std::string command;
    double timeout = 30;   ///< seconds; 0: none
    std::string input_id;  ///< empty: its standard input is
};
const json::Shape<ExecuteStream>& execute_stream_shape();

struct AnswerTerminal {
    std::string text;
    bool enter = true;
    double timeout = 30;  ///< seconds
};
const json::Shape<AnswerTerminal>& answer_terminal_shape();

struct CommandInput {
    std::string input_id;
    std::optional<std::string> data;
    std::optional<std::string> data_base64;
    bool eof = false;
    double timeout = 30;  ///< seconds
};
const json::Shape<CommandInput>& command_input_shape();

}  // namespace carrel::ops
