// Pictures on the command line: in files, never as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/parse.hpp"

namespace carrel::app {

/// "png", "jpeg" or "webp", which is what the name's end says. Throws UsageError when it says none of them.
std::string_view picture_format(const std::string& file);

struct Picture {
    std::string format;  ///< "png", "jpeg", "webp"
    std::string bytes;
};

/// "png", "jpeg" or "webp" by the first bytes; empty of anything else. Pure, like the next.
std::string_view format_of(std::string_view bytes);

/// Where the picture of this number (from 0) goes: FILE.png, then FILE-2.png, …
std::string picture_file(const std::string& file, std::size_t number);

/// Replaces the pictures in `answer` by words that say what is there, and answers them, each once.
/// `file` is where they will be, empty when nowhere.
std::vector<Picture> take_pictures(json::Value& answer, const std::string& file);

}  // namespace carrel::app
