// What the jail must know of an image before it makes a desk: lines of text in root's file `facts` beside
// the image's root, so that no parser of JSON runs as root. Pure.
//
//     display none                  the image has no X server; else the line is absent
//     layer desktop 0f3a…           what the image stands on, the upmost first; hash in 64 digits
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace carrel::jail::wire {

/// A build of an image: images/<image>/<hash>.
struct Layer {
    std::string image;
    std::string hash;
    bool operator==(const Layer&) const = default;
};

struct ImageFacts {
    bool has_display = true;
    std::vector<Layer> below;  ///< the upmost first; no layer stands twice
    bool operator==(const ImageFacts&) const = default;
};

/// How many layers may lie below an image. Overlay itself takes hundreds; each costs every file that is
/// looked up in vain.
inline constexpr std::size_t most_layers_below = 8;
/// What the file's reader need accept, in bytes.
inline constexpr std::size_t largest_image_facts = 2048;

/// 1 to 32 of a-z, 0-9 and -, which does not come first: safe in a path, and on a command line.
bool is_image_name(std::string_view name);

/// Strict: an unknown line, a layer that stands twice or one too many is refused.
core::Expected<ImageFacts> parse_image_facts(std::string_view text);

std::string format_image_facts(const ImageFacts& facts);

}  // namespace carrel::jail::wire
