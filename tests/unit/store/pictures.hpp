// Pictures for tests of the store, and messages with them.
#pragma once

#include <fmt/format.h>

#include <string>

#include "core/text.hpp"

namespace carrel::store {

/// It begins as a PNG does; each `fill` is another one.
inline std::string picture_bytes(char fill, std::size_t size = 3000) {
    return "\x89PNG\r\n\x1a\n" + std::string(size, fill);
}

inline std::string message_with(const std::string& data, const std::string& media_type = "image/png") {
    return fmt::format(
        R"({{"role":"user","content":[{{"type":"image","source":{{"type":"base64","media_type":"{}","data":"{}"}}}}]}})",
        media_type, data);
}

inline std::string picture_message(char fill, std::size_t size = 3000) {
    return message_with(core::to_base64(picture_bytes(fill, size)));
}

}  // namespace carrel::store
