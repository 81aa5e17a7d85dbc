// What travels by an X selection (ICCCM, section 2): kinds of content, and the names they go by. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carrel::desk::clipboard {

/// CLIPBOARD is what is copied, PRIMARY what is merely selected.
enum class Selection { clipboard, primary };

/// What was copied: a text, a picture, or both for programs to choose from.
struct Copied {
    std::optional<std::string> text;   ///< UTF-8
    std::optional<std::string> image;  ///< PNG
};

/// What is wanted of a selection, and what there is.
struct Wanted {
    bool text = true;
    bool image = false;
};
struct Found {
    std::vector<std::string> types;  ///< media types that its owner offers
    Copied content;                  ///< of what was asked for, what there is
};

/// The largest text and picture that are given or taken.
inline constexpr std::size_t largest_copied = std::size_t{16} << 20;

/// STRING is Latin-1: what it has no room for becomes a question mark.
std::string to_latin1(std::string_view utf8);
std::string from_latin1(std::string_view bytes);

/// How a text is asked for: the best of the targets that its owner offers; nothing when none is a text.
std::optional<std::string_view> text_target(const std::vector<std::string>& offered);
/// Bytes of that target as well-formed UTF-8, without the zero byte that some programs put at the end.
std::string text_from(std::string_view target, std::string_view bytes);

/// The media types among the targets: "text/plain" for any kind of text, "image/png", "text/html", …
std::vector<std::string> media_types(const std::vector<std::string>& offered);

/// Whether it begins as a PNG does.
bool is_png(std::string_view bytes);

}  // namespace carrel::desk::clipboard
