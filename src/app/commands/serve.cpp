#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>

#include "app/commands/commands.hpp"
#include "app/config.hpp"
#include "app/data_directory.hpp"
#include "app/listener.hpp"
#include "app/model_keys.hpp"
#include "app/privileges.hpp"
#include "app/server.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/sys.hpp"

namespace carrel::app {

namespace {

constexpr int large_block = 128 << 10;  // bytes

struct ServeOptions {
    std::string file;
    Texts flags;
    bool only_check = false;
    bool only_print = false;
};

std::optional<std::string> environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>{value} : std::nullopt;
}

core::Level level_of(const std::string& name) {
    if (name == "debug") return core::Level::debug;
    if (name == "warning") return core::Level::warning;
    return name == "error" ? core::Level::error : core::Level::info;
}

std::vector<api::Key> read_keys(const Config& config) {
    std::vector<api::Key> keys;
    try {
        if (!config.token.empty()) keys.push_back(api::parse_key(config.token));
    } catch (core::Error& error) {
        throw error.during("CARREL_TOKEN");
    }
    if (config.key_file.empty()) return keys;
    try {
        for (auto& key : api::parse_keys(core::read_file(config.key_file))) keys.push_back(std::move(key));
    } catch (core::Error& error) {
        throw error.during(config.key_file);
    }
    if (keys.empty()) throw core::Error{core::Code::invalid, config.key_file + " holds no key"};
    return keys;
}

/// What a person needs to reach the page, also from another machine.
void print_address(const Address& address) {
    std::cout << fmt::format("Carrel is at http://{}\n", to_text(address));
    if (is_loopback(address) && !std::getenv("DISPLAY") && !std::getenv("WAYLAND_DISPLAY"))
        std::cout << fmt::format(
            "From another machine:  ssh -L {0}:127.0.0.1:{0} THIS-HOST   then open http://127.0.0.1:{0}\n",
            address.port);
    std::cout << std::flush;
}

int serve(const ServeOptions& options) {
    const auto config = load_config(options.file, environment, options.flags);
    if (options.only_print) return std::cout << print_config(config), 0;
    check_config(config, may_hold_keys(config));
    auto keys = read_keys(config);
    if (options.only_check) return std::cout << "The configuration is good.\n", 0;

    core::open_log("carrel", level_of(config.log_level), core::log_format_of(config.log_format));
    require_root("carrel serve makes desks of namespaces and mounts, so it");
    const auto user = get_carrel_user();
    auto listener = open_listener(config.listen);
    const auto address = address_of(listener, config.listen);
    const DataDirectory data{config.data, user};
    // What only the environment held is in `config` now: the jail, our only child, shall not inherit it.
    for (const auto& setting : settings())
        if (setting.is_secret)
            for (const auto& variable : setting.variables) ::unsetenv(variable.c_str());
    ::setenv("CARREL_LOG_FORMAT", config.log_format.c_str(), 1);  // the jail writes into the same log
    auto own_keys = ModelKeys::take_variables();
    auto jail = start_jail(config, data, user);
    become(user);
    wall_in(data.path(), config.model_key_dir);
    // Bodies and pictures go back to the kernel when they are done with. By itself glibc raises this bound
    // with the first of them that is freed, and keeps the later ones.
    ::mallopt(M_MMAP_THRESHOLD, large_block);

    Server server{config, data, {std::move(listener), std::move(jail), std::move(keys), std::move(own_keys)}};
    print_address(address);
    return server.run();
}

}  // namespace

void add_serve(CLI::App& program, Action& action) {
    auto* word = program.add_subcommand("serve", "Run the server (as root; it keeps no root for itself)");
    auto options = std::make_shared<ServeOptions>();
    word->add_option("--config", options->file, "a TOML file of settings")->type_name("FILE");
    for (const auto& setting : settings()) {
        if (setting.is_secret) continue;
        std::string variables;
        for (const auto& variable : setting.variables)
            variables += (variables.empty() ? "" : ", ") + variable;
        word->add_option_function<std::string>(
                flag_of(setting),
                [options, name = setting.name](const std::string& value) { options->flags[name] = value; },
                fmt::format("{} [{}]", setting.description, variables))
            ->type_name("")
            ->default_str(setting.get(Config{}));
    }
    word->add_flag("--check", options->only_check, "only check the configuration");
    word->add_flag("--print-config", options->only_print, "print every setting (secrets masked) and end");
    word->callback([options, &action] { action = [options] { return serve(*options); }; });
}

void require_root(std::string_view what) {
    if (::geteuid() == 0) return;
    throw core::Error{
        core::Code::forbidden,
        fmt::format("{} needs root: run it with sudo (see `carrel doctor` for what it uses root for)", what)};
}

}  // namespace carrel::app
