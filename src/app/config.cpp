#include "app/config.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <unistd.h>
#include <algorithm>
#include <sstream>

#include "app/pools.hpp"
#include "core/error.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::app {

namespace {

using core::Code;
using core::Error;

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

namespace {

std::string toml_text(std::string_view name, const toml::node& node) {
    std::ostringstream value;
    if (const auto* plain = node.as_string())
        value << plain->get();
    else if (node.is_integer() || node.is_boolean())
        node.visit([&](const auto& item) { value << item; });
    else
        throw Error{Code::invalid, fmt::format("{} must be a text or a whole number", name)};
    return value.str();
}

/// The tables [pool.IMAGE] as the setting's own text.
std::string pools_text(const toml::table& pools) {
    std::string text;
    for (const auto& [image, node] : pools) {
        const auto* pool = node.as_table();
        if (!pool)
            throw Error{Code::invalid,
                        fmt::format("pool.{} must be a table with size and most", image.str())};
        std::string size;
        std::string most;
        for (const auto& [name, value] : *pool) {
            if (name != "size" && name != "most")
                throw Error{Code::invalid,
                            fmt::format("pool.{} has size and most, not \"{}\"", image.str(), name.str())};
            (name == "size" ? size : most) = toml_text(name.str(), value);
        }
        text += fmt::format("{}{}={}{}{}", text.empty() ? "" : ",", image.str(), size.empty() ? "0" : size,
                            most.empty() ? "" : ":", most);
    }
    return text;
}

}  // namespace

Texts parse_toml(std::string_view text) {
    Texts result;
    try {
        const auto table = toml::parse(text);
        for (const auto& [key, node] : table) {
            const auto* pools = key.str() == "pool" ? node.as_table() : nullptr;
            result[std::string{key.str()}] = pools ? pools_text(*pools) : toml_text(key.str(), node);
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

std::string flag_of(const Setting& setting) {
    auto flag = "--" + setting.name;
    std::ranges::replace(flag, '_', '-');
    return flag;
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
    apply_pool_variables(config.pools, environment);
    for (const auto& [name, value] : flags)
        if (const auto* setting = find_setting(name)) apply(config, *setting, value, flag_of(*setting));
    return config;
}

void check_config(const Config& config, bool may_hold_keys) {
    if (!config.token.empty() || !config.key_file.empty() || may_hold_keys) return;
    refuse_keyless(config);
}

bool may_hold_keys(const Config& config) {
    return ::access((config.data + "/server/carrel.db").c_str(), F_OK) == 0;
}

void refuse_keyless(const Config& config) {
    if (is_loopback(config.listen)) return;
    throw Error{
        Code::invalid,
        fmt::format(
            "listening on {} lets other machines in, and there is no key: set CARREL_TOKEN or --key-file, "
            "make one by `carrel key create --data`, or listen on 127.0.0.1 and reach it by `ssh -L`",
            to_text(config.listen))};
}

std::string print_config(const Config& config) {
    std::string lines;
    for (const auto& setting : settings())
        lines += fmt::format("{} = {}\n", setting.name, setting.get(config));
    return lines;
}

}  // namespace carrel::app
