// Operations of the terminal: their requests and rows.
#pragma once

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

}  // namespace carrel::ops
