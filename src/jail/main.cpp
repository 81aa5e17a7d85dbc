#include "jail/main.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <limits>
#include <map>

#include "core/log.hpp"
#include "core/text.hpp"

namespace carrel::jail {

namespace {

constexpr int misused = 2;
constexpr const char* usage =
    "usage: carrel-jail serve --socket FD --data DIR --uid-base N --carrel-uid U --carrel-gid G\n"
    "                         [--interface-prefix WORD] [--desk-binary PATH]\n"
    "carrel starts this program itself; it answers requests that arrive on FD.\n";

template <class Number>
auto into(Number& number) {
    return [&number](const std::string& text) {
        const auto value = core::parse_unsigned(text);
        if (!value || *value > static_cast<unsigned long long>(std::numeric_limits<Number>::max()))
            return false;
        number = static_cast<Number>(*value);
        return true;
    };
}

auto into(std::string& value) {
    return [&value](const std::string& text) {
        value = text;
        return !text.empty();
    };
}

/// With a slot behind it, it must fit the kernel's 15 characters (IFNAMSIZ).
bool is_interface_prefix(std::string_view text) {
    return !text.empty() && text.size() <= 8 &&
           std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

}  // namespace

core::Expected<ServeOptions> parse_serve_options(const std::vector<std::string>& words) {
    ServeOptions options;
    const std::map<std::string, std::function<bool(const std::string&)>> known{
        {"--socket", into(options.socket)},          {"--data", into(options.data)},
        {"--uid-base", into(options.uid_base)},      {"--carrel-uid", into(options.carrel_uid)},
        {"--carrel-gid", into(options.carrel_gid)},  {"--interface-prefix", into(options.interface_prefix)},
        {"--desk-binary", into(options.desk_binary)}};
    for (std::size_t i = 0; i < words.size(); i += 2) {
        const auto option = known.find(words[i]);
        if (option == known.end()) return core::refuse(fmt::format("there is no option {}", words[i]));
        if (i + 1 == words.size()) return core::refuse(fmt::format("{} needs a value", words[i]));
        if (!option->second(words[i + 1]))
            return core::refuse(fmt::format("{} cannot be '{}'", words[i], words[i + 1]));
    }
    if (options.socket < 0) return core::refuse("--socket is missing");
    if (!options.data.starts_with('/')) return core::refuse("--data must be an absolute path");
    if (!is_interface_prefix(options.interface_prefix))
        return core::refuse("--interface-prefix must be 1 to 8 lower-case letters and digits");
    return options;
}

int run_program(const std::vector<std::string>& words) {
    core::open_log("carrel-jail", core::Level::info);
    if (words.empty() || words[0] != "serve") {
        std::fputs(usage, stderr);
        return misused;
    }
    try {
        serve(core::value_or_throw(parse_serve_options({words.begin() + 1, words.end()})));
        return 0;
    } catch (const std::exception& error) {
        core::log_error("{}", error.what());
        return 1;
    }
}

}  // namespace carrel::jail
