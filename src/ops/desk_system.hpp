// Operations of the desk as a whole: health, clipboard, waiting.
#pragma once

#include <span>
#include <string>

#include "json/fields.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

std::span<const Operation> system_rows();

struct SetClipboard {
    std::string content;
};
const json::Shape<SetClipboard>& set_clipboard_shape();

struct Wait {
    double duration = 0;  ///< seconds
    bool screenshot = true;
};
const json::Shape<Wait>& wait_shape();

}  // namespace carrel::ops
