#include "app/model_keys.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "core/log.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::app {

namespace {

constexpr std::string_view variable_prefix = "CARREL_MODEL_KEY_";
constexpr std::string_view of_variable = "env:";
constexpr std::string_view of_file = "file:";
constexpr std::size_t longest_key = 1000;

/// It goes into a header as it is.
bool is_key(std::string_view text) {
    return !text.empty() && text.size() <= longest_key &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

std::map<std::string, std::string> ModelKeys::take_variables() {
    std::map<std::string, std::string> taken;
    for (char** line = environ; line && *line; ++line) {
        const std::string_view text{*line};
        const auto end = text.find('=');
        if (text.starts_with(variable_prefix) && end != text.npos)
            taken.emplace(text.substr(0, end), core::trim(text.substr(end + 1)));
    }
    for (const auto& [name, value] : taken) ::unsetenv(name.c_str());
    return taken;
}

std::optional<std::string> ModelKeys::read(const std::string& reference) const {
    std::optional<std::string> text;
    if (reference.starts_with(of_variable)) {
        const auto place = variables_.find(reference.substr(of_variable.size()));
        if (place != variables_.end()) text = place->second;
    } else if (reference.starts_with(of_file) && !reference.contains('/')) {
        text = core::find_file_text(directory_ + '/' + reference.substr(of_file.size()));
        if (text) text = std::string{core::trim(*text)};
    }
    if (text && is_key(*text)) return text;
    core::log_warning("there is no model key at {}, which a user's key names", reference);
    return std::nullopt;
}

}  // namespace carrel::app
