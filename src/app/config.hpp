// What the server is told: one struct; TOML file < environment < flags.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/desk_shape.hpp"
#include "vendors/vendors.hpp"

namespace carrel::app {

struct Address {
    std::string host;
    std::uint16_t port = 0;
};

/// "127.0.0.1:7800", "[::1]:7800", "0.0.0.0:80"; throws Error that says what would be right.
Address parse_address(std::string_view text);
std::string to_text(const Address& address);
bool is_loopback(const Address& address);

/// How one vendor of models is reached.
struct VendorAccess {
    std::string base_url;
    std::string key;  ///< secret; from the environment only
};

struct Config {
    Address listen{"127.0.0.1", 7800};
    std::string data = "/var/lib/carrel";
    std::string key_file;
    std::string token;  ///< secret; from CARREL_TOKEN only
    std::string log_level = "info";
    unsigned most_desks = 20;
    core::DeskShape desk;  ///< of new desks
    std::uint32_t uid_base = 2'000'000'000;
    std::string provider{vendors::table.front().name};
    std::string model;  ///< of the vendor that chosen_vendor gives; empty: its default
    std::map<std::string, VendorAccess, std::less<>> access;  ///< by vendor; what is absent is not set
};

/// The vendor that the setting `model` is about: the one of new sessions; if that one gives no choice of
/// models, the first that does.
const vendors::Vendor& chosen_vendor(const Config& config);
/// With the vendor's own address where none is set.
VendorAccess access_of(const Config& config, const vendors::Vendor& vendor);

/// One thing that can be set: a row of the table that file, environment, flags and documents share.
struct Setting {
    std::string name;                    ///< in the file; the flag is --name with dashes
    std::vector<std::string> variables;  ///< of the environment; a later one wins
    std::string description;             ///< for --help and the documents
    bool is_secret = false;              ///< only from the environment, printed as "set" or "not set"
    std::function<void(Config&, const std::string&)> set;  ///< throws Error on a bad value
    std::function<std::string(const Config&)> get;
};
const std::vector<Setting>& settings();

using Texts = std::map<std::string, std::string>;

/// Applies what the file says ("" for none), then the environment, then flags. Unknown keys of the
/// file fail with a suggestion; a bad value says where it came from.
Config load_config(const std::string& file,
                   const std::function<std::optional<std::string>(const std::string&)>& environment,
                   const Texts& flags);

/// TOML text as flat names and texts; throws Error with the line.
Texts parse_toml(std::string_view text);

/// Throws Error when the parts contradict each other: listening beyond loopback without a key.
void check_config(const Config& config);

/// Every setting as a line `name = value`, secrets masked.
std::string print_config(const Config& config);

}  // namespace carrel::app
