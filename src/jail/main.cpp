#include "jail/main.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <map>
#include <optional>

#include "core/log.hpp"
#include "core/text.hpp"
#include "jail/wire/spec.hpp"

namespace carrel::jail {

namespace {

constexpr int misused = 2;
constexpr const char* usage_text =
    "usage: carrel-jail serve --socket FD --data DIR --uid-base N --carrel-uid U --carrel-gid G\n"
    "                         [--desk-binary PATH] [--workspace-disk BYTES] [--most-workspaces N]\n"
    "       carrel-jail dns --lock FILE --address A --uid U --gid G [--ready FD]\n"
    "carrel starts the first itself, and that the second; it answers requests that arrive on FD.\n";

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

using Known = std::map<std::string, std::function<bool(const std::string&)>>;

/// Puts every word after an option where `known` says; a refusal that names what is wrong.
std::optional<core::Error> take_options(const Known& known, const std::vector<std::string>& words) {
    const auto refused = [](std::string why) { return core::Error{core::Code::invalid, std::move(why)}; };
    for (std::size_t i = 0; i < words.size(); i += 2) {
        const auto option = known.find(words[i]);
        if (option == known.end()) return refused(fmt::format("there is no option {}", words[i]));
        if (i + 1 == words.size()) return refused(fmt::format("{} needs a value", words[i]));
        if (!option->second(words[i + 1]))
            return refused(fmt::format("{} cannot be '{}'", words[i], words[i + 1]));
    }
    return std::nullopt;
}

}  // namespace

core::Expected<ServeOptions> parse_serve_options(const std::vector<std::string>& words) {
    ServeOptions options;
    const Known known{{"--socket", into(options.socket)},
                      {"--data", into(options.host.data)},
                      {"--uid-base", into(options.host.uid_base)},
                      {"--carrel-uid", into(options.host.carrel_uid)},
                      {"--carrel-gid", into(options.host.carrel_gid)},
                      {"--desk-binary", into(options.host.desk_binary)},
                      {"--workspace-disk", into(options.workspace_disk)},
                      {"--most-workspaces", into(options.most_workspaces)}};
    if (auto error = take_options(known, words)) return std::unexpected{std::move(*error)};
    if (options.socket < 0) return core::refuse("--socket is missing");
    if (!options.host.data.starts_with('/')) return core::refuse("--data must be an absolute path");
    if (const auto room = options.workspace_disk;
        room != 0 && (room < wire::smallest_disk || room > wire::largest_disk))
        return core::refuse(fmt::format("--workspace-disk must be 0 or between {} and {}",
                                        wire::smallest_disk, wire::largest_disk));
    return options;
}

core::Expected<dns::Options> parse_dns_options(const std::vector<std::string>& words) {
    dns::Options options;
    const Known known{{"--lock", into(options.lock)},
                      {"--address", into(options.address)},
                      {"--uid", into(options.uid)},
                      {"--gid", into(options.gid)},
                      {"--ready", into(options.ready)}};
    if (auto error = take_options(known, words)) return std::unexpected{std::move(*error)};
    if (!options.lock.starts_with('/')) return core::refuse("--lock must be an absolute path");
    if (options.uid == 0) return core::refuse("--uid must be another user than root");
    return options;
}

int run_program(const std::vector<std::string>& words) {
    // As carrel has it, beside whose lines ours stand.
    const char* format = std::getenv("CARREL_LOG_FORMAT");
    core::open_log("carrel-jail", core::Level::info, core::log_format_of(format ? format : ""));
    if (words.empty() || (words[0] != "serve" && words[0] != "dns")) {
        std::fputs(usage_text, stderr);
        return misused;
    }
    try {
        const std::vector<std::string> rest{words.begin() + 1, words.end()};
        if (words[0] == "dns") dns::run(core::value_or_throw(parse_dns_options(rest)));
        serve(core::value_or_throw(parse_serve_options(rest)));
        return 0;
    } catch (const std::exception& error) {
        core::log_error("{}", error.what());
        return 1;
    }
}

}  // namespace carrel::jail
