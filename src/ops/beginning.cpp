#include "ops/beginning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/desk_shape.hpp"
#include "core/text.hpp"
#include "ops/desk/file_fields.hpp"
#include "ops/desk/pty.hpp"
#include "ops/fields.hpp"

namespace carrel::ops {

namespace {

constexpr std::size_t most_variables = 256;
constexpr std::size_t longest_name = 256;
constexpr std::size_t most_environment = std::size_t{64} << 10;
constexpr std::size_t most_files = 100;
constexpr std::size_t most_file_bytes = std::size_t{1} << 20;
constexpr std::size_t longest_address = 100'000;

/// What the desk itself says to its programs, and finds them by.
constexpr std::array<std::string_view, 8> our_variables{
    "HOME",        "USER", "LOGNAME", "SHELL", "DISPLAY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
    "DESK_PROCESS"};
constexpr std::string_view our_prefix = "CARREL_";

constexpr std::string_view digits = "0123456789";
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

bool consists_of(std::string_view text, std::initializer_list<std::string_view> alphabets) {
    return std::ranges::all_of(text, [&](char each) {
        return std::ranges::any_of(alphabets, [&](std::string_view one) { return one.contains(each); });
    });
}

json::Problem wrong(std::vector<std::string> path, std::string message) {
    return {std::move(path), std::move(message), "out_of_range"};
}

/// Empty: fine.
std::string why_no_name(std::string_view name) {
    const bool is_name = !name.empty() && name.size() <= longest_name && !digits.contains(name.front()) &&
                         consists_of(name, {letters, digits, "_"});
    if (!is_name)
        return fmt::format(
            "a variable's name has letters, digits and _, does not begin with a digit, and has {} "
            "characters at most",
            longest_name);
    if (name.starts_with(our_prefix) || std::ranges::find(our_variables, name) != our_variables.end())
        return "the desk itself sets this variable";
    return {};
}

void read_environment(const json::Object& asked, core::DeskBeginning& to, json::Problems& problems) {
    std::size_t size = 0;
    for (const auto& [key, value] : asked) {
        const std::string name{key};
        // Only the name is told: the value may be a secret.
        if (auto why = why_no_name(name); !why.empty()) {
            problems.push_back(wrong({"environment", name}, std::move(why)));
        } else if (!value.is_string() || std::string_view{value.get_string()}.contains('\0')) {
            problems.push_back(wrong({"environment", name}, "must be a string without NUL"));
        } else {
            size += name.size() + value.get_string().size() + 2;
            to.environment[name] = std::string{value.get_string()};
        }
    }
    if (asked.size() > most_variables || size > most_environment)
        problems.push_back(wrong({"environment"}, fmt::format("may have {} variables, and {} bytes in all",
                                                              most_variables, most_environment)));
}

std::optional<std::string> why_no_locale(std::string_view name) {
    if (consists_of(name, {letters, digits, "_.@-"})) return std::nullopt;
    return "is no name of a locale, such as C.UTF-8 or de_DE.UTF-8";
}

/// The name of a file below a folder that the desk knows: no way leads out of that.
std::optional<std::string> why_no_time_zone(std::string_view name) {
    const auto steps = core::split(name, '/');
    const bool is_name = std::ranges::all_of(steps, [](std::string_view step) {
        return !step.empty() && consists_of(step, {letters, digits, "_+-"});
    });
    if (is_name) return std::nullopt;
    return "is no name of a time zone, such as UTC or Europe/Berlin";
}

std::optional<std::string> why_not_one_word(std::string_view command) {
    if (command.contains('\0')) return "cannot contain the character NUL";
    if (command.size() <= longest_word) return std::nullopt;
    return fmt::format("has {} bytes, and {} at most can be executed; write longer ones to a file",
                       command.size(), longest_word);
}

std::optional<std::string> why_no_proxy_or_none(std::string_view address) {
    auto why = address.empty() ? std::string{} : core::why_no_proxy(address);
    return why.empty() ? std::nullopt : std::optional{std::move(why)};
}

std::optional<std::string> why_no_path(std::string_view path) {
    if (path.contains('\0')) return "cannot contain the character NUL";
    if (path.ends_with('/')) return "ends in /: a file's own name is wanted";
    return std::nullopt;
}

std::optional<std::string> bytes_of(const BeginningFile& file) {
    return file.base64 ? core::parse_base64(*file.base64) : file.text;
}

void read_files(const std::vector<BeginningFile>& asked, core::DeskBeginning& to, json::Problems& problems) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        const std::vector<std::string> place{"files", std::to_string(i)};
        if (asked[i].text.has_value() == asked[i].base64.has_value()) {
            problems.push_back(wrong(place, "needs either text or base64"));
            continue;
        }
        auto bytes = bytes_of(asked[i]);
        if (!bytes) {
            problems.push_back(wrong({"files", std::to_string(i), "base64"}, "is no base64"));
            continue;
        }
        size += bytes->size();
        to.files.push_back({asked[i].path, std::move(*bytes)});
    }
    if (asked.size() > most_files || size > most_file_bytes)
        problems.push_back(wrong(
            {"files"},
            fmt::format("may be {}, and {} bytes in all; upload larger ones to the desk when it is there",
                        most_files, most_file_bytes)));
}

json::Field<Beginning> environment_field() {
    auto made =
        field(
            "environment", &Beginning::environment,
            "variables of every program that starts in the desk, from the shell to what the panel starts: "
            "names with texts, 256 and 65536 bytes at most. Not those that the desk itself sets (CARREL_*, "
            "HOME, USER, LOGNAME, SHELL, DISPLAY, XDG_RUNTIME_DIR, DBUS_SESSION_BUS_ADDRESS, DESK_PROCESS). "
            "PATH may be given: it replaces the usual one")
            .with_default();
    made.schema["additionalProperties"] = json::Object{{"type", "string"}};
    return made;
}

const Shape<BeginningFile>& file_shape() {
    static const Shape<BeginningFile> shape{
        field("path", &BeginningFile::path, any_path, json::text_rule(1, longest_path, why_no_path)),
        field("text", &BeginningFile::text, "what it holds, as text"),
        field("base64", &BeginningFile::base64, "what it holds, as base64; instead of text")};
    return shape;
}

}  // namespace

std::vector<json::Field<Beginning>> beginning_fields() {
    std::vector<json::Field<Beginning>> fields;
    fields.push_back(environment_field());
    fields.push_back(
        field("locale", &Beginning::locale,
              "of programs (LANG), one that the image has: C.UTF-8 always; `locale -a` lists them",
              json::text_rule(1, 64, why_no_locale)));
    fields.push_back(field("time_zone", &Beginning::time_zone, "of programs (TZ), such as Europe/Berlin",
                           json::text_rule(1, 64, why_no_time_zone)));
    fields.push_back(
        field("http_proxy", &Beginning::http_proxy,
              "by which programs and the browser reach the web, such as http://proxy.example:3128; empty: "
              "none, whatever the server's own setting says. The desk's network must let it be reached",
              json::text_rule(0, 2000, why_no_proxy_or_none)));
    fields.push_back(
        list_field("files", &Beginning::files,
                   "small files that are there before anything runs: 100, and 1 MiB in all, at most",
                   file_shape())
            .with_default());
    fields.push_back(field("command", &Beginning::command,
                           "run by bash beside the terminal when the files are there, and not waited for: "
                           "terminal/process knows it as `start`",
                           json::text_rule(1, longest_word, why_not_one_word)));
    fields.push_back(field("open_url", &Beginning::open_url,
                           "opened in the browser when all else is done: http, https, file, about or data",
                           length_between(1, longest_address)));
    return fields;
}

const Shape<Begin>& begin_shape() {
    static const Shape<Begin> shape{
        with(beginning_fields_of<Begin>(), {field("width", &Begin::width, "of the screen, pixels",
                                                  between(core::smallest_width, core::largest_width)),
                                            field("height", &Begin::height, "of the screen, pixels",
                                                  between(core::smallest_height, core::largest_height))})};
    return shape;
}

json::Decoded<core::DeskBeginning> read_beginning(const Beginning& asked, core::DeskBeginning usual) {
    json::Problems problems;
    auto result = std::move(usual);
    read_environment(asked.environment, result, problems);
    if (asked.locale) result.locale = *asked.locale;
    if (asked.time_zone) result.time_zone = *asked.time_zone;
    if (asked.http_proxy) result.http_proxy = *asked.http_proxy;
    read_files(asked.files, result, problems);
    if (asked.command) result.command = *asked.command;
    if (asked.open_url) result.open_url = *asked.open_url;
    if (!problems.empty()) return std::unexpected{std::move(problems)};
    return result;
}

json::Decoded<core::DeskBeginning> read_begin(const Begin& asked) {
    auto result = read_beginning(asked);
    if (!result) return result;
    result->width = asked.width.value_or(0);
    result->height = asked.height.value_or(0);
    return result;
}

json::Object to_json(const core::DeskBeginning& beginning) {
    json::Object object;
    if (beginning.width > 0) object["width"] = beginning.width;
    if (beginning.height > 0) object["height"] = beginning.height;
    json::Object environment;
    for (const auto& [name, value] : beginning.environment) environment[name] = value;
    if (!environment.empty()) object["environment"] = std::move(environment);
    json::Array files;
    for (const auto& file : beginning.files)
        files.push_back(json::Object{{"path", file.path}, {"base64", core::to_base64(file.bytes)}});
    if (!files.empty()) object["files"] = std::move(files);
    const auto add = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) object[name] = value;
    };
    add("locale", beginning.locale);
    add("time_zone", beginning.time_zone);
    add("http_proxy", beginning.http_proxy);
    add("command", beginning.command);
    add("open_url", beginning.open_url);
    return object;
}

}  // namespace carrel::ops
