// The table of settings: what file, environment, flags and documents share.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "app/config.hpp"
#include "app/pools.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "jail/wire/image.hpp"

namespace carrel::app {

namespace {

using core::Code;
using core::Error;

/// 0, or enough for a file system.
std::uint64_t disk_limit(const std::string& text) {
    return text == "0" ? 0 : number(text, 16, 1 << 24) * (std::uint64_t{1} << 20);
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

std::string upper(std::string text) {
    for (auto& c : text)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return text;
}

/// A limit of use. Where nobody sets it, who runs the server alone has none.
Setting rate(const std::string& name, std::string_view what, unsigned standard,
             std::optional<unsigned> Config::* member) {
    return {name,
            {"CARREL_" + upper(name)},
            fmt::format("{}; {} where the server asks for keys, else any; 0 for any", what, standard),
            false,
            [=](Config& config, const std::string& value) {
                config.*member = static_cast<unsigned>(number(value, 0, 1'000'000));
            },
            [=](const Config& config) {
                const auto& set = config.*member;
                return set ? fmt::to_string(*set) : fmt::format("{} with keys", standard);
            }};
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
        text("log_format", {"CARREL_LOG_FORMAT"}, "text, or json: one JSON object a line",
             &Config::log_format, {"text", "json"}),
        whole("max_displays", {"CARREL_MAX_DISPLAYS", "MAX_DISPLAYS"}, "most desks at once",
              &Config::most_desks, 1, 1000),
        whole("max_memory_mb", {"CARREL_MAX_MEMORY_MB"},
              "memory of all desks together, the sum of their limits, MiB; 0: no cap",
              &Config::most_memory_mb, 0, 1 << 30),
        whole("max_cpus", {"CARREL_MAX_CPUS"},
              "processors of all desks together, the sum of their limits; 0: no cap", &Config::most_cpus, 0,
              100'000),
        whole("desks_per_user", {"CARREL_DESKS_PER_USER"}, "most desks of one user at once; 0: no cap",
              &Config::desks_per_user, 0, 1000),
        whole("memory_mb_per_user", {"CARREL_MEMORY_MB_PER_USER"},
              "memory of one user's desks together, MiB; 0: no cap", &Config::memory_mb_per_user, 0, 1 << 30),
        whole("cpus_per_user", {"CARREL_CPUS_PER_USER"}, "processors of one user's desks together; 0: no cap",
              &Config::cpus_per_user, 0, 100'000),
        {"max_desk_memory_mb",
         {"CARREL_MAX_DESK_MEMORY_MB"},
         "most memory that one desk may be asked to have, MiB",
         false,
         [](Config& config, const std::string& value) {
             config.most_of_desk.memory = number(value, 128, 1 << 20) * core::mebibyte;
         },
         [](const Config& config) { return fmt::to_string(config.most_of_desk.memory / core::mebibyte); }},
        {"max_desk_disk_mb",
         {"CARREL_MAX_DESK_DISK_MB"},
         "most that one desk may be asked to be allowed to write, MiB; 0: any, and no limit at all",
         false,
         [](Config& config, const std::string& value) { config.most_of_desk.disk = disk_limit(value); },
         [](const Config& config) { return fmt::to_string(config.most_of_desk.disk / core::mebibyte); }},
        {"max_desk_cpu_percent",
         {"CARREL_MAX_DESK_CPU_PERCENT"},
         "most processor time that one desk may be asked to have; 100 is one core",
         false,
         [](Config& config, const std::string& value) {
             config.most_of_desk.cpus = static_cast<double>(number(value, 5, 100000)) / 100;
         },
         [](const Config& config) {
             return fmt::to_string(static_cast<int>(config.most_of_desk.cpus * 100 + 0.5));
         }},
        {"pool",
         {"CARREL_POOL"},
         "desks that are kept ready, by image: IMAGE=SIZE:MOST, with commas between; \"\" is none. In the "
         "file also [pool.IMAGE] with size and most; WARM_POOL_DESKTOP and the like set one size",
         false,
         [](Config& config, const std::string& value) { config.pools = parse_pools(value); },
         [](const Config& config) { return to_text(config.pools); }},
        whole("pool_interval_seconds", {"CARREL_POOL_INTERVAL_SECONDS", "POOL_MAINTAIN_INTERVAL"},
              "between two looks at the pools, beside those when a desk is taken", &Config::pool_seconds, 1,
              86400),
        whole("session_idle_seconds", {"CARREL_SESSION_IDLE_SECONDS", "SESSION_TTL_SECONDS"},
              "after which a desk that nobody uses is idle (see on_idle); 0: never", &Config::idle_seconds, 0,
              315'360'000),
        text(
            "on_idle", {"CARREL_ON_IDLE"},
            "what becomes of an idle desk: freeze (it keeps its memory; any call wakes it), sleep (its "
            "programs "
            "end, its files stay on the host's disk; any call makes it anew of them) or destroy (its session "
            "ends)",
            &Config::on_idle, {"freeze", "sleep", "destroy"}),
        whole("session_asleep_seconds", {"CARREL_SESSION_ASLEEP_SECONDS"},
              "after which a session ends whose desk sleeps and that nobody uses, and its files with it; a "
              "server that starts counts anew; 0: never",
              &Config::asleep_seconds, 0, 315'360'000),
        whole("session_max_age_hours", {"CARREL_SESSION_MAX_AGE_HOURS", "SESSION_MAX_AGE_HOURS"},
              "after which a session ends, whatever it does; 0: never", &Config::max_age_hours, 0, 87'600),
        whole("cleanup_interval_seconds", {"CARREL_CLEANUP_INTERVAL_SECONDS", "CLEANUP_INTERVAL_SECONDS"},
              "between two looks for idle desks; shorter where a session's limit is",
              &Config::cleanup_seconds, 1, 86400),
        whole("end_grace_seconds", {"CARREL_END_GRACE_SECONDS"},
              "between the event that tells of a session's end and the end", &Config::grace_seconds, 0,
              86400),
        whole("drain_seconds", {"CARREL_DRAIN_SECONDS"},
              "how long the server's end waits for turns to stop between two actions", &Config::drain_seconds,
              0, 3600),
        text("on_exit", {"CARREL_ON_EXIT"},
             "what becomes of desks when the server ends: keep (the next one takes them over) or destroy",
             &Config::on_exit, {"keep", "destroy"}),
        {"image",
         {"CARREL_IMAGE", "SESSION_RUNTIME_IMAGE"},
         "of new desks, by its name",
         false,
         [](Config& config, const std::string& value) {
             if (!jail::wire::is_image_name(value))
                 throw Error{Code::invalid,
                             fmt::format("must be 1 to 32 of a-z, 0-9 and -, not \"{}\"", value)};
             config.desk.image = value;
         },
         [](const Config& config) { return config.desk.image; }},
        rate("messages_per_minute", "messages to one session in a minute", 10, &Config::messages_per_minute),
        rate("sessions_per_hour", "new sessions of one client in an hour", 20, &Config::sessions_per_hour),
        rate("requests_per_minute", "requests of one client in a minute; a tenth of them without a key", 6000,
             &Config::requests_per_minute),
        text("model_key_dir", {"CARREL_MODEL_KEY_DIR"}, "files of users' own model keys, which keys may name",
             &Config::model_key_dir),
        pixels("width", {"CARREL_WIDTH", "WIDTH"}, &core::DeskShape::width, 320, 3840),
        pixels("height", {"CARREL_HEIGHT", "HEIGHT"}, &core::DeskShape::height, 240, 2160),
        {"desk_memory_mb",
         {"CARREL_DESK_MEMORY_MB"},
         "memory of one desk, MiB",
         false,
         [](Config& config, const std::string& value) {
             config.desk.limits.memory = number(value, 128, 1 << 20) * core::mebibyte;
         },
         [](const Config& config) { return fmt::to_string(config.desk.limits.memory / core::mebibyte); }},
        {"desk_disk_mb",
         {"CARREL_DESK_DISK_MB", "SESSION_DISK_QUOTA_MB"},
         "that one desk may write, MiB; 0: as much as fits on the host's disk",
         false,
         [](Config& config, const std::string& value) { config.desk.limits.disk = disk_limit(value); },
         [](const Config& config) { return fmt::to_string(config.desk.limits.disk / core::mebibyte); }},
        {"workspace_disk_mb",
         {"CARREL_WORKSPACE_DISK_MB"},
         "that fit into a workspace which is made from now on, MiB; 0: as much as fits on the host's disk",
         false,
         [](Config& config, const std::string& value) { config.workspace_disk = disk_limit(value); },
         [](const Config& config) { return fmt::to_string(config.workspace_disk / core::mebibyte); }},
        whole("workspaces_per_user", {"CARREL_WORKSPACES_PER_USER"}, "most workspaces of one user; 0: no cap",
              &Config::workspaces_per_user, 0, 100'000),
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
        {"sandbox_http_proxy",
         {"CARREL_HTTP_PROXY", "SANDBOX_HTTP_PROXY"},
         "by which programs and browsers of new desks reach the web, unless a session says otherwise; such "
         "as "
         "http://proxy.example:3128",
         false,
         [](Config& config, const std::string& value) {
             if (auto why = core::why_no_proxy(value); !why.empty())
                 throw Error{Code::invalid, std::move(why)};
             config.beginning.http_proxy = value;
         },
         [](const Config& config) { return core::without_password(config.beginning.http_proxy); }},
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

}  // namespace

const std::vector<Setting>& settings() {
    static const std::vector<Setting> all = make_settings();
    return all;
}

}  // namespace carrel::app
