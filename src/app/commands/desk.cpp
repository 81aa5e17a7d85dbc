#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <memory>

#include "app/commands/commands.hpp"
#include "app/config.hpp"
#include "app/data_directory.hpp"
#include "app/jail_question.hpp"
#include "app/privileges.hpp"
#include "core/error.hpp"
#include "core/id.hpp"
#include "core/log.hpp"
#include "driver/native/native_driver.hpp"
#include "jail/cgroup/groups.hpp"
#include "jail/plan/plan.hpp"

namespace carrel::app {

namespace {

struct DeskOptions {
    Config config;
    std::string id;
};

/// A desk as the plan of this host would make it; nothing is made.
int plan(const DeskOptions& options) {
    const auto spec = driver::native::jail_spec({.id = "desk_000000000000",
                                                 .reservation = 0,
                                                 .shape = options.config.desk,
                                                 .nonce = std::string(32, '0')},
                                                std::string(64, '0'));
    std::vector<std::string> warnings;
    const auto hierarchies = jail::cgroup::open_hierarchies("carrel-plan", warnings);
    const jail::plan::HostFacts facts{.data = options.config.data,
                                      .carrel_uid = 0,
                                      .carrel_gid = 0,
                                      .desk_hash = std::string(64, '0'),
                                      .hierarchies = hierarchies,
                                      .overlay_by_descriptor = jail::plan::has_overlay_by_descriptor(),
                                      .clone_into_cgroup = jail::plan::has_clone3(),
                                      .own_disks = ::access("/dev/loop-control", F_OK) == 0,
                                      .first_id = options.config.uid_base};
    const auto made = jail::plan::plan_desk(spec, facts);
    jail::cgroup::close_hierarchies(hierarchies);
    std::cout << to_text(made);
    for (const auto& warning : made.warnings) std::cerr << "warning: " << warning << "\n";
    return 0;
}

int list(const DeskOptions& options) {
    require_root("looking into the desks' directories");
    std::error_code ignored;
    const auto show = [&](const char* folder, const char* what) {
        for (const auto& entry : std::filesystem::directory_iterator{options.config.data + folder, ignored})
            if (core::is_id("desk_", entry.path().filename().string()))
                std::cout << entry.path().filename().string()
                          << (std::filesystem::exists(entry.path() / "identity.json") ? what
                                                                                      : "  (never started)")
                          << "\n";
    };
    show("/desks", "");
    show("/asleep", "  (asleep)");
    return 0;
}

/// Removes a desk that no running server has: the lock of the data directory keeps a running one out.
int remove(const DeskOptions& options) {
    require_root("removing a desk ends its processes and deletes root's files, so it");
    if (!core::is_id("desk_", options.id))
        throw core::Error{core::Code::invalid,
                          fmt::format("\"{}\" is no desk: `carrel desk list` shows them", options.id)};
    if (!std::filesystem::exists(options.config.data + "/desks/" + options.id) &&
        !std::filesystem::exists(options.config.data + "/asleep/" + options.id))
        throw core::Error{core::Code::not_found,
                          fmt::format("there is no desk {} in {}", options.id, options.config.data)};
    core::open_log("carrel", core::Level::warning);
    const auto user = get_carrel_user();
    const DataDirectory data{options.config.data, user};
    const auto jail = start_jail(options.config, data, user);
    ask(jail.socket, jail::wire::Stop{options.id});
    std::cout << "removed: " << options.id << "\n";
    return 0;
}

}  // namespace

void add_desk(CLI::App& program, Action& action) {
    auto* word = program.add_subcommand("desk", "Desks of this machine");
    word->require_subcommand(1);
    auto options = std::make_shared<DeskOptions>();
    const auto add = [&](const char* name, const char* description, int (*function)(const DeskOptions&)) {
        auto* verb = word->add_subcommand(name, description);
        verb->add_option("--data", options->config.data, "the data directory [CARREL_DATA]")
            ->envname("CARREL_DATA")
            ->capture_default_str();
        verb->callback(
            [options, function, &action] { action = [options, function] { return function(*options); }; });
        return verb;
    };
    add("list", "List the desks that have files here", list);
    add("rm", "End a desk that no running server has, and remove its files", remove)
        ->add_option("desk", options->id, "desk_…")
        ->required();
    add("plan", "Print the steps that would make a desk here", plan);
}

}  // namespace carrel::app
