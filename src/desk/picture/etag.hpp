// Entity tags of pictures (RFC 9110, 8.8.3): what is shown, and how. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "desk/picture/shot.hpp"

namespace carrel::desk::picture {

/// In quotes: the frame's name, and what tells this picture from others of the same frame. `is_json`: it is
/// part of a JSON answer.
std::string etag_of(std::uint64_t frame, const Shot& shot, bool is_json);

/// What an If-None-Match (RFC 9110, 13.1.2) says about a picture with this tag: the frame that the client has
/// of it. A tag that is only a frame's name counts for every picture of that frame.
std::optional<std::uint64_t> known_frame(std::string_view if_none_match, const Shot& shot, bool is_json);

}  // namespace carrel::desk::picture
