#include "jail/desks/desks.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "core/log.hpp"
#include "core/sys.hpp"
#include "jail/desks/change.hpp"
#include "jail/desks/kept.hpp"
#include "jail/desks/removal.hpp"
#include "jail/desks/workspace.hpp"
#include "jail/disks/workspace_disk.hpp"
#include "jail/process/deadline.hpp"
#include "jail/process/pidfd.hpp"

namespace carrel::jail::desks {

namespace {

using core::Code;
using core::Error;

void require_folder(const plan::HostFacts& facts, const std::string& id) {
    if (::access(plan::desk_folder(facts, id).c_str(), F_OK) < 0)
        throw Error{Code::not_found, fmt::format("there is no desk {}", id)};
}

/// What is written down about the spec's image, all layers of which are there. The files are root's.
wire::ImageFacts read_image(plan::HostFacts facts, const wire::Spec& spec) {
    const auto text =
        core::find_file_text(plan::image_facts_path(facts, spec), wire::largest_image_facts).value_or("");
    auto image = wire::parse_image_facts(text);
    if (!image) throw image.error().during(plan::image_facts_path(facts, spec));
    facts.image = *image;
    for (const auto& root : plan::image_roots(facts, spec)) {
        if (::access(root.c_str(), F_OK) == 0) continue;
        const auto error = core::describe_errno(errno);
        throw Error{Code::not_found, fmt::format("making desk {}: image {} has no build {}: {}: {}", spec.id,
                                                 spec.image, spec.image_hash, root, error)};
    }
    return *std::move(image);
}

}  // namespace

Desks::Desks(plan::HostFacts facts, host::Ranges ranges, Filter filter, disks::Stock& stock)
    : facts_{std::move(facts)},
      ranges_{std::move(ranges)},
      filter_{std::move(filter)},
      stock_{stock},
      network_{ranges_.id_before()} {}

void Desks::remember() {
    for (const auto& id : list_desks(facts_)) {
        try {
            auto identity = read_identity(plan::desk_folder(facts_, id), id);
            if (!identity) throw identity.error();
            auto process = find_living(*identity);
            ranges_.keep(id, identity->uid_base);
            DiskWatch disk{*identity, {}};
            known_.emplace(id, Known{std::move(*identity), std::move(process), {}, std::move(disk)});
        } catch (const Error& error) {
            core::log_info("{} does not live: {}", id, error.message());
            if (are_taken(facts_, id)) take_back(id);
        }
    }
}

void Desks::resume_network() {
    try {
        network_.resume();
    } catch (const Error& error) {
        core::log_warning("desks may be without internet: {}", error.message());
    }
}

Handed Desks::start(const wire::Spec& asked) {
    // Before anything is made: what fails later removes all there is of this id.
    if (::access(plan::desk_folder(facts_, asked.id).c_str(), F_OK) == 0)
        throw Error{Code::conflict, fmt::format("desk {} exists", asked.id)};
    if (!asked.has_kept_files && has_kept(facts_, asked.id))
        throw Error{Code::conflict, fmt::format("desk {} exists: it sleeps", asked.id)};
    const auto spec = with_kept_files(asked);
    for (const auto& [id, known] : known_)
        if (known.identity.slot == spec.slot)
            throw Error{Code::conflict, fmt::format("slot {} belongs to {}", spec.slot, id)};
    facts_.image = read_image(facts_, spec);
    if (spec.network == wire::Network::internet && facts_.has_internet) facts_.network = network_.prepare();
    facts_.first_id = ranges_.take(spec.id, spec.slot);
    try {
        auto made = make_desk(spec, facts_, filter_, stock_);
        DiskWatch disk{made.identity, std::move(made.disk)};
        const auto [place, is_new] = known_.insert_or_assign(
            spec.id, Known{made.identity, std::move(made.process), {}, std::move(disk)});
        auto handed = hand_over(place->second);
        std::ranges::move(made.warnings, std::back_inserter(handed.warnings));
        handed.took = std::move(made.took);
        if (spec.has_kept_files) note_taken(facts_, spec.id);
        return handed;
    } catch (...) {
        abandon(spec);
        throw;
    }
}

void Desks::abandon(const wire::Spec& spec) {
    forget(spec.id);
    try {
        const process::Deadline deadline{std::chrono::seconds{1}};
        if (spec.has_kept_files) bring_back(facts_, spec.id);
        while (!remove_surroundings(facts_, facts_.hierarchies, spec.id)) deadline.pause("removing cgroups");
        move_to_trash(facts_, plan::desk_folder(facts_, spec.id), spec.id);
        network_.disconnect(network::interface_of(spec.network, facts_.first_id));
        ranges_.give_back(spec.id);
    } catch (const Error& error) {
        core::log_error("cleaning up after {}: {}", spec.id, error.message());
    }
}

Handed Desks::adopt(const std::string& id) {
    require_folder(facts_, id);
    auto known = known_.find(id);
    if (known == known_.end()) {
        auto identity = read_identity(plan::desk_folder(facts_, id), id);
        if (!identity) throw identity.error();
        auto process = find_living(*identity);
        DiskWatch disk{*identity, {}};
        known =
            known_.emplace(id, Known{std::move(*identity), std::move(process), {}, std::move(disk)}).first;
    }
    reap(known->second);
    if (known->second.ended || process::has_ended(known->second.process))
        throw Error{Code::conflict, "its first process has ended"};
    return hand_over(known->second);
}

Handed Desks::hand_over(const Known& known) const {
    Handed handed{
        known.identity, known.process.duplicate(), {}, {}, {}, {}, can_keep(facts_, known.identity), {}, {}};
    handed.workspace = {wire::GroupWatch::eventfd, known.files.listen()};
    if (known.disk.is_on()) handed.disk = {wire::GroupWatch::eventfd, known.disk.listen()};
    if (known.identity.disk_way == disk_watched) handed.warnings.emplace_back(plan::soft_disk_warning);
    const auto hierarchies = hierarchies_of(known.identity);
    const auto try_to = [&](cgroup::WatchedGroup& watched, auto watch, std::string_view what) {
        try {
            watched = watch(hierarchies, known.identity.id);
        } catch (const Error& error) {
            handed.warnings.push_back(fmt::format("{} not noticed: {}", what, error.message()));
        }
    };
    try_to(handed.memory, cgroup::watch_memory, "processes killed for memory are");
    try_to(handed.processes, cgroup::watch_processes, "the limit of processes, when it is met, is");
    return handed;
}

std::vector<Found> Desks::list() const {
    std::vector<Found> found;
    for (auto& id : list_desks(facts_)) {
        std::string state = "alive";
        try {
            const auto identity = read_identity(plan::desk_folder(facts_, id), id);
            if (!identity) throw identity.error();
            find_living(*identity);
        } catch (const Error& error) {
            state = error.message();
        }
        found.push_back({std::move(id), std::move(state)});
    }
    for (auto& id : list_kept(facts_)) found.push_back({std::move(id), "asleep"});
    return found;
}

Stopping Desks::begin_stop(const std::string& id, bool keeps_files) {
    Stopping stopping{.id = id, .identity = {}, .process = {}, .keeps_files = keeps_files};
    try {
        if (const auto known = known_.find(id); known != known_.end()) {
            stopping.identity = known->second.identity;
            stopping.process = known->second.process.duplicate();
        } else if (auto identity = read_identity(plan::desk_folder(facts_, id), id)) {
            stopping.identity = std::move(*identity);
            stopping.process = find_living(stopping.identity);
        }
    } catch (const Error& error) {
        // What is left of it goes all the same.
        core::log_debug("{} does not live: {}", id, error.message());
    }
    stopping.is_dead = !stopping.process || !process::send_signal(stopping.process, SIGKILL);
    if (stopping.is_dead) return stopping;
    // In a frozen v1 group even SIGKILL waits.
    for (const auto& tree : hierarchies_of(stopping.identity))
        if (tree.freezer && !tree.is_v2 && ::access((tree.folder + "/" + id).c_str(), F_OK) == 0)
            core::write_existing(tree.folder + "/" + id + "/freezer.state", "THAWED");
    return stopping;
}

bool Desks::finish_stop(Stopping& stopping) {
    if (const auto known = known_.find(stopping.id); known != known_.end()) reap(known->second);
    const auto hierarchies = hierarchies_of(stopping.identity);
    // What is written down about it is missing or wrong, but processes may live all the same.
    if (!stopping.process) cgroup::kill_groups(hierarchies, stopping.id);
    if (!remove_surroundings(facts_, hierarchies, stopping.id)) return false;
    if (stopping.keeps_files && !try_to_keep(stopping)) return false;
    if (!stopping.keeps_files) remove_traces(facts_, hierarchies, stopping.id);
    network_.disconnect(stopping.identity.interface);
    ranges_.give_back(stopping.id);
    forget(stopping.id);
    return true;
}

void Desks::forget(const std::string& id) {
    const auto known = known_.find(id);
    if (known == known_.end()) return;
    stock_.drop(known->second.disk.end());
    known->second.files.end();
    known_.erase(known);
}

void Desks::reap(Known& known) {
    if (known.ended) return;
    siginfo_t info{};
    const int result = ::waitid(P_PIDFD, static_cast<id_t>(known.process.get()), &info, WEXITED | WNOHANG);
    if (result == 0 && info.si_pid != 0) known.ended = ExitStatus{info.si_code != CLD_EXITED, info.si_status};
}

std::optional<ExitStatus> Desks::find_exit_status(const std::string& id) {
    const auto known = known_.find(id);
    if (known == known_.end()) return std::nullopt;
    reap(known->second);
    return known->second.ended;
}

std::uint64_t Desks::count_memory_kills(const std::string& id) const {
    const auto known = known_.find(id);
    return known == known_.end() ? 0 : cgroup::count_memory_kills(hierarchies_of(known->second.identity), id);
}

void Desks::set_frozen(const std::string& id, bool frozen) const {
    cgroup::set_frozen(hierarchies_of(get(id).identity), id, frozen);
}

std::vector<std::string> Desks::change(const wire::Change& change) {
    get(change.id);
    auto& known = known_.at(change.id);
    if (process::has_ended(known.process)) throw Error{Code::conflict, "the desk has ended"};
    if (change.network == wire::Network::internet && known.identity.interface.empty())
        throw Error{Code::conflict,
                    "this desk was made without a network, and none can be given to it: make another"};
    if (change.workspace && !known.identity.workspace.empty())
        throw Error{Code::conflict, "this desk has a workspace already: make another"};
    if (change.limits && change.limits->disk != known.identity.disk)
        throw Error{Code::conflict, "how much a desk may write is decided when it is made: make another",
                    "disk_fixed"};
    std::vector<std::string> warnings;
    if (change.limits)
        warnings = change_limits(hierarchies_of(known.identity), change.id, *change.limits, facts_);
    if (change.network == wire::Network::none) cut_network(known);
    if (change.workspace) attach_workspace(known, *change.workspace);
    return warnings;
}

void Desks::attach_workspace(Known& known, const wire::Workspace& workspace) {
    auto& identity = known.identity;
    wire::Spec made{};
    made.id = identity.id;
    made.image = identity.image;
    made.image_hash = identity.image_hash;
    auto facts = facts_;
    facts.image = read_image(facts_, made);
    const auto user_namespace =
        core::open_file(fmt::format("/proc/{}/ns/user", identity.process.pid), O_RDONLY);
    std::vector<Tree> trees;
    for (const auto& part : plan::workspace_parts(workspace, made, facts))
        trees.push_back({open_part(part.tree, user_namespace.get(), facts_), part.at});
    // Recorded first: a workspace that a desk may have is not deleted.
    identity.workspace = name_of(workspace);
    record(known);
    attach_in_desk(known.process, trees);
}

void Desks::cut_network(Known& known) {
    if (known.identity.interface.empty()) return;
    network_.cut(known.identity.interface);
    known.identity.network = name_of(wire::Network::none);
    known.identity.interface.clear();
    record(known);
}

void Desks::record(const Known& known) const {
    write_identity(plan::desk_folder(facts_, known.identity.id) + "/identity.json", known.identity);
}

std::string Desks::find_workspace(const std::string& owner, const std::string& name) const {
    auto folder = plan::workspace_folder(facts_, {.owner = owner, .name = name});
    if (!is_workspace(folder))
        throw Error{Code::not_found, fmt::format("there is no workspace '{}'", name), "no_workspace"};
    return folder;
}

void Desks::remove_workspace(const std::string& owner, const std::string& name) const {
    const auto folder = find_workspace(owner, name);
    for (const auto& [id, known] : known_)
        if (known.identity.workspace == name_of({.owner = owner, .name = name}) &&
            !process::has_ended(known.process))
            throw Error{Code::conflict,
                        fmt::format("workspace '{}' is in use by {}: end that first", name, id),
                        "workspace_in_use"};
    move_to_trash(facts_, folder, "workspace");
}

std::optional<network::Traffic> Desks::find_traffic(const std::string& id) const {
    return network::find_traffic(get(id).identity.interface);
}

cgroup::GroupUsage Desks::usage(const std::string& id) const {
    return cgroup::read_usage(hierarchies_of(get(id).identity), id);
}

std::optional<std::uint64_t> Desks::find_written(const std::string& id) const {
    return get(id).disk.written();
}

bool Desks::have_disks_to_watch() const {
    return std::ranges::any_of(known_, [](const auto& entry) {
        return entry.second.disk.is_on() || !entry.second.identity.workspace.empty();
    });
}

void Desks::look_at_disks() {
    const auto now = DiskWatch::Clock::now();
    note_host_room();
    for (auto& [id, known] : known_) {
        if (known.ended) continue;
        known.disk.close_for_writing(host_is_short_);
        known.disk.look(known.process, known.identity.process.pid);
        if (has_disk_of_workspace(known))
            known.files.look(known.process, known.identity.process.pid, host_is_short_);
        if (!known.disk.is_due(now)) continue;
        const auto folder =
            core::open_file(plan::desk_folder(facts_, id), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (stock_.measure(id, folder)) known.disk.begin_measure(now);
    }
}

bool Desks::has_disk_of_workspace(const Known& known) const {
    const auto& name = known.identity.workspace;
    return !name.empty() && disks::has_workspace_disk(plan::workspaces_folder(facts_, name));
}

/// Their files are sparse: what they have promised may be more than the host has.
void Desks::note_host_room() {
    const auto host = disks::read_room(core::open_file(facts_.data, O_PATH | O_DIRECTORY).get());
    const bool was_short = host_is_short_;
    if (disks::is_short(host)) host_is_short_ = true;
    if (disks::is_ample(host)) host_is_short_ = false;
    if (host_is_short_ != was_short)
        core::log_warning(
            "the disk of {} {}", facts_.data,
            host_is_short_ ? "is nearly full: desks can write no more" : "has room again for desks");
}

void Desks::look_at_stock() {
    stock_.look([this](const std::string& id, std::uint64_t bytes) {
        const auto known = known_.find(id);
        if (known != known_.end()) known->second.disk.note_measured(bytes, DiskWatch::Clock::now());
    });
}

const Desks::Known& Desks::get(const std::string& id) const {
    const auto known = known_.find(id);
    if (known == known_.end())
        throw Error{Code::not_found, fmt::format("there is no desk {}, or it was not adopted", id)};
    return known->second;
}

std::vector<cgroup::Hierarchy> Desks::hierarchies_of(const Identity& identity) const {
    return identity.id.empty() ? facts_.hierarchies : cgroup::parse_hierarchies(identity.groups);
}

}  // namespace carrel::jail::desks
