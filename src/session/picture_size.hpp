// What a picture's own header says. Pure, for bytes that nobody vouches for.
#pragma once

#include <optional>
#include <string_view>

#include "agent/interfaces.hpp"

namespace carrel::session {

/// The size of a PNG (W3C PNG, "IHDR") or JPEG (ITU T.81, B.2.2 "frame header"), in pixels; nothing when
/// the bytes are not what `media_type` says, or a side is 0 or more than 16384.
std::optional<agent::Size> find_picture_size(std::string_view bytes, std::string_view media_type);

}  // namespace carrel::session
