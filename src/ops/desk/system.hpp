// Operations of the desk as a whole: health, clipboard, waiting.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "json/fields.hpp"
#include "ops/operation.hpp"

namespace carrel::ops {

std::span<const Operation> system_rows();

/// Characters.
inline constexpr std::size_t longest_clipboard_text = std::size_t{4} << 20;

struct ReadClipboard {
    std::string type = "text";            ///< or "image"
    std::string selection = "clipboard";  ///< or "primary"
};
const json::Shape<ReadClipboard>& read_clipboard_shape();

struct SetClipboard {
    std::optional<std::string> content;  ///< a text
    std::optional<std::string> image;    ///< a PNG in base64
    std::string selection = "clipboard";
};
const json::Shape<SetClipboard>& set_clipboard_shape();

struct Wait {
    double duration = 0;  ///< seconds
    bool screenshot = true;
};
const json::Shape<Wait>& wait_shape();

}  // namespace carrel::ops
