#include "app/config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <toml++/toml.h>
#include <algorithm>
#include <sstream>

#include "core/error.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::app {

namespace {

using core::Code;
using core::Error;

std::uint64_t number(const std::string& text, std::uint64_t least, std::uint64_t most) {
    const auto value = core::parse_unsigned(text);
    if (!value || *value < least || *value > most)
        throw Error{Code::invalid,
                    fmt::format("must be a whole number between {} and {}, not \"{}\"", least, most, text)};
    return *value;
}

std::string word(const std::string& text, const std::vector<std::string>& words) {
    for (const auto& candidate : words)
        if (candidate == text) return text;
    throw Error{Code::invalid, fmt::format("must be one of {}, not \"{}\"", fmt::join(words, ", "), text)};
}

/// What goes into a header as it is. A refusal does not repeat it: it is a secret.
std::string header_word(const std::string& text) {
    const bool is_word = std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
    if (is_word) return text;
    throw Error{Code::invalid, "must be one word of ASCII, without spaces and line ends"};
}

std::string web_address(const std::string& text) {
    if (text.starts_with("https://") || text.starts_with("http://")) return text;
    throw Error{Code::invalid, fmt::format("must begin with https:// or http://, not \"{}\"", text)};
}

template <class T>
Setting whole(std::string name, std::vector<std::string> variables, std::string description,
              T Config::* member, std::uint64_t least, std::uint64_t most) {
    return {std::move(name),
            std::move(variables),
            std::move(description),
            false,
            [=](Config& config, const std::string& text) {
                config.*member = static_cast<T>(number(text, least, most));
            },
            [=](const Config& config) { return fmt::to_string(config.*member); }};
}

Setting pixels(std::string name, std::vector<std::string> variables, int core::DeskShape::* member,
               std::uint64_t least, std::uint64_t most) {
    return {std::move(name),
            std::move(variables),
            "of new desks' screens, pixels",
            false,
            [=](Config& config, const std::string& text) {
                config.desk.*member = static_cast<int>(number(text, least, most));
            },
            [=](const Config& config) { return fmt::to_string(config.desk.*member); }};
}

Setting text(std::string name, std::vector<std::string> variables, std::string description,
             std::string Config::* member, std::vector<std::string> words = {}) {
    return {std::move(name),
            std::move(variables),
            std::move(description),
            false,
            [=](Config& config, const std::string& value) {
                config.*member = words.empty() ? value : word(value, words);
            },
            [=](const Config& config) { return config.*member; }};
}

Setting secret(std::string name, std::string variable, std::string description,
               std::string Config::* member) {
    return {std::move(name),
            {std::move(variable)},
            std::move(description),
            true,
            [=](Config& config, const std::string& value) { config.*member = value; },
            [=](const Config& config) { return (config.*member).empty() ? "not set" : "set"; }};
}

Setting address_of(const vendors::Vendor& vendor) {
    return {fmt::format("{}_base_url", vendor.name),
            {std::string{vendor.address_variable}},
            fmt::format("where {}'s API is", vendor.title),
            false,
            [name = std::string{vendor.name}](Config& config, const std::string& value) {
                config.access[name].base_url = web_address(value);
            },
            [&vendor](const Config& config) { return access_of(config, vendor).base_url; }};
}

Setting key_of(const vendors::Vendor& vendor) {
    return {fmt::format("{}_key", vendor.name),
            {std::string{vendor.key_variable}},
            fmt::format("the key of {}'s API", vendor.title),
            true,
            [name = std::string{vendor.name}](Config& config, const std::string& value) {
                config.access[name].key = header_word(value);
            },
            [&vendor](const Config& config) {
                return access_of(config, vendor).key.empty() ? "not set" : "set";
            }};
}

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

std::vector<Setting> make_settings() {
    std::vector<Setting> all{
        {"listen",
         {"CARREL_LISTEN"},
         "address and port; beyond loopback a key is needed",
         false,
         [](Config& config, const std::string& value) { config.listen = parse_address(value); },
         [](const Config& config) { return to_text(config.listen); }},
        text("data", {"CARREL_DATA"}, "the data directory", &Config::data),
        text("key_file", {"CARREL_KEY_FILE"},
             "file of keys that open the server: KEY or NAME KEY, one a line", &Config::key_file),
        secret("token", "CARREL_TOKEN", "a key that opens the server", &Config::token),
        text("log_level", {"CARREL_LOG_LEVEL"}, "debug, info, warning or error", &Config::log_level,
             {"debug", "info", "warning", "error"}),
        whole("max_displays", {"CARREL_MAX_DISPLAYS", "MAX_DISPLAYS"}, "most desks at once",
              &Config::most_desks, 1, 1000),
        pixels("width", {"CARREL_WIDTH", "WIDTH"}, &core::DeskShape::width, 320, 3840),
        pixels("height", {"CARREL_HEIGHT", "HEIGHT"}, &core::DeskShape::height, 240, 2160),
        {"desk_memory_mb",
         {"CARREL_DESK_MEMORY_MB"},
         "memory of one desk, MiB",
         false,
         [](Config& config, const std::string& value) {
             config.desk.limits.memory = number(value, 128, 1 << 20) * mib;
         },
         [](const Config& config) { return fmt::to_string(config.desk.limits.memory / mib); }},
        {"desk_cpu_percent",
         {"CARREL_DESK_CPU_PERCENT"},
         "time of one desk; 100 is one core",
         false,
         [](Config& config, const std::string& value) {
             config.desk.limits.cpus = static_cast<double>(number(value, 5, 100000)) / 100;
         },
         [](const Config& config) {
             return fmt::to_string(static_cast<int>(config.desk.limits.cpus * 100 + 0.5));
         }},
        {"desk_processes",
         {"CARREL_DESK_PROCESSES"},
         "processes and threads of one desk",
         false,
         [](Config& config, const std::string& value) {
             config.desk.limits.processes = static_cast<unsigned>(number(value, 64, 100000));
         },
         [](const Config& config) { return fmt::to_string(config.desk.limits.processes); }},
        {"network",
         {"CARREL_NETWORK"},
         "of new desks: internet or none",
         false,
         [](Config& config, const std::string& value) {
             config.desk.network = core::network_of(word(value, {"internet", "none"}));
         },
         [](const Config& config) { return std::string{core::name_of(config.desk.network)}; }},
        whole("uid_base", {"CARREL_UID_BASE"}, "first user id of desks; each takes 65536", &Config::uid_base,
              65536, 2'147'483'646),
        text("provider", {"CARREL_PROVIDER", "API_PROVIDER"},
             "of new sessions: " + vendors::names_for_people(), &Config::provider, vendors::names()),
        {"model",
         {"CARREL_MODEL"},
         "of new sessions",
         false,
         [](Config& config, const std::string& value) { config.model = value; },
         [](const Config& config) {
             return config.model.empty() ? std::string{chosen_vendor(config).default_model} : config.model;
         }},
    };
    for (const auto& vendor : vendors::table) {
        if (!vendor.address.empty()) all.push_back(address_of(vendor));
        if (vendor.needs_key) all.push_back(key_of(vendor));
    }
    return all;
}

void apply(Config& config, const Setting& setting, const std::string& value, const std::string& place) {
    try {
        setting.set(config, value);
    } catch (Error& error) {
        throw error.during(place);
    }
}

const Setting* find_setting(std::string_view name) {
    for (const auto& setting : settings())
        if (setting.name == name) return &setting;
    return nullptr;
}

void apply_file(Config& config, const std::string& file) {
    for (const auto& [name, value] : parse_toml(core::read_file(file))) {
        const auto* setting = find_setting(name);
        if (!setting) {
            std::vector<std::string> names;
            for (const auto& candidate : settings()) names.push_back(candidate.name);
            const auto near = core::nearest(name, names);
            throw Error{Code::invalid, fmt::format("{}: there is no setting \"{}\"{}", file, name,
                                                   near ? fmt::format("; did you mean \"{}\"?", *near) : "")};
        }
        if (setting->is_secret)
            throw Error{Code::invalid,
                        fmt::format("{}: {} is a secret and comes from the environment ({}) only", file, name,
                                    setting->variables.front())};
        apply(config, *setting, value, fmt::format("{}: {}", file, name));
    }
}

}  // namespace

const std::vector<Setting>& settings() {
    static const std::vector<Setting> all = make_settings();
    return all;
}

Address parse_address(std::string_view text) {
    const auto colon = text.rfind(':');
    const auto refuse = [&] {
        return Error{Code::invalid,
                     fmt::format("\"{}\" is no address; write it as 127.0.0.1:7800 or [::1]:7800", text)};
    };
    if (colon == text.npos || colon == 0) throw refuse();
    auto host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != host.npos)
        throw refuse();
    const auto port = core::parse_unsigned(text.substr(colon + 1));
    if (!port || *port > 65535 || host.empty()) throw refuse();
    return {host == "localhost" ? "127.0.0.1" : std::string{host}, static_cast<std::uint16_t>(*port)};
}

std::string to_text(const Address& address) {
    const bool is_v6 = address.host.find(':') != std::string::npos;
    return is_v6 ? fmt::format("[{}]:{}", address.host, address.port)
                 : fmt::format("{}:{}", address.host, address.port);
}

bool is_loopback(const Address& address) { return address.host.starts_with("127.") || address.host == "::1"; }

Texts parse_toml(std::string_view text) {
    Texts result;
    try {
        const auto table = toml::parse(text);
        for (const auto& [key, node] : table) {
            std::ostringstream value;
            if (const auto* plain = node.as_string())
                value << plain->get();
            else if (node.is_integer() || node.is_boolean())
                node.visit([&](const auto& item) { value << item; });
            else
                throw Error{Code::invalid,
                            fmt::format("{} must be a text or a whole number", std::string_view{key.str()})};
            result[std::string{key.str()}] = value.str();
        }
    } catch (const toml::parse_error& error) {
        throw Error{Code::invalid,
                    fmt::format("line {}: {}", error.source().begin.line, error.description())};
    }
    return result;
}

const vendors::Vendor& chosen_vendor(const Config& config) {
    const auto* vendor = vendors::find_vendor(config.provider);
    if (vendor && !vendor->models.empty()) return *vendor;
    const auto* const first =
        std::ranges::find_if(vendors::table, [](const auto& row) { return !row.models.empty(); });
    return *first;
}

VendorAccess access_of(const Config& config, const vendors::Vendor& vendor) {
    const auto found = config.access.find(vendor.name);
    auto access = found == config.access.end() ? VendorAccess{} : found->second;
    if (access.base_url.empty()) access.base_url = vendor.address;
    return access;
}

Config load_config(const std::string& file,
                   const std::function<std::optional<std::string>(const std::string&)>& environment,
                   const Texts& flags) {
    Config config;
    if (!file.empty()) apply_file(config, file);
    for (const auto& setting : settings())
        for (const auto& variable : setting.variables)
            if (const auto value = environment(variable); value && !value->empty())
                apply(config, setting, *value, variable);
    for (const auto& [name, value] : flags)
        if (const auto* setting = find_setting(name)) apply(config, *setting, value, "--" + name);
    return config;
}

void check_config(const Config& config) {
    if (is_loopback(config.listen) || !config.token.empty() || !config.key_file.empty()) return;
    throw Error{
        Code::invalid,
        fmt::format(
            "listening on {} lets other machines in, and there is no key: set CARREL_TOKEN or --key-file, "
            "or listen on 127.0.0.1 and reach it by `ssh -L`",
            to_text(config.listen))};
}

std::string print_config(const Config& config) {
    std::string lines;
    for (const auto& setting : settings())
        lines += fmt::format("{} = {}\n", setting.name, setting.get(config));
    return lines;
}

}  // namespace carrel::app
