// What the server is told: one struct; TOML file < environment < flags.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/pools.hpp"
#include "core/desk_beginning.hpp"
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
    std::string log_format = "text";
    unsigned most_desks = 20;
    std::uint64_t most_memory_mb = 0;  ///< of all desks; 0: no cap, as below
    unsigned most_cpus = 0;
    unsigned desks_per_user = 0;
    std::uint64_t memory_mb_per_user = 0;
    unsigned cpus_per_user = 0;
    core::Limits most_of_desk{.cpus = 64, .memory = 64ull << 30, .processes = 16384, .disk = 64ull << 30};
    Pools pools{{"desktop", {3, 12}}};
    unsigned pool_seconds = 30;
    unsigned idle_seconds = 3600;
    unsigned max_age_hours = 0;
    unsigned cleanup_seconds = 300;
    unsigned grace_seconds = 60;
    std::string on_idle = "freeze";
    unsigned asleep_seconds = 30 * 24 * 3600;
    unsigned drain_seconds = 10;
    std::string on_exit = "keep";
    /// Limits of use; without a value its default where the server asks for keys, else off. 0: off.
    std::optional<unsigned> messages_per_minute;
    std::optional<unsigned> sessions_per_hour;
    std::optional<unsigned> requests_per_minute;
    std::string model_key_dir = "/etc/carrel/model-keys";
    core::DeskShape desk;                          ///< of new desks
    core::DeskBeginning beginning;                 ///< of new desks
    std::uint64_t workspace_disk = 2048ull << 20;  ///< bytes; 0: no quota
    unsigned workspaces_per_user = 50;             ///< 0: no cap
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
/// Its name on the command line: "--log-level".
std::string flag_of(const Setting& setting);

using Texts = std::map<std::string, std::string>;

/// Applies what the file says ("" for none), then the environment, then flags. Unknown keys of the
/// file fail with a suggestion; a bad value says where it came from.
Config load_config(const std::string& file,
                   const std::function<std::optional<std::string>(const std::string&)>& environment,
                   const Texts& flags);

/// TOML text as flat names and texts; the tables [pool.IMAGE] become one text for the setting pool. Throws
/// Error with the line.
Texts parse_toml(std::string_view text);

/// Whether a database stands where the server looks for it: it may hold keys.
bool may_hold_keys(const Config& config);
/// Throws Error when the parts contradict each other: listening beyond loopback without a key, and none can
/// be in the database.
void check_config(const Config& config, bool may_hold_keys = false);
/// Throws Error when it listens beyond loopback: for a server that has found no key anywhere.
void refuse_keyless(const Config& config);

/// Every setting as a line `name = value`, secrets masked.
std::string print_config(const Config& config);

}  // namespace carrel::app
