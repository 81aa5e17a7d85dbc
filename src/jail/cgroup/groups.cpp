#include "jail/cgroup/groups.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/id.hpp"
#include "core/log.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "jail/process/deadline.hpp"
#include "jail/process/pidfd.hpp"

namespace carrel::jail::cgroup {

namespace {

using core::checked;
using core::Fd;

constexpr std::string_view server_group = "carrel-server";

/// systemd marks what it delegates (systemd.resource-control(5), Delegate=).
bool is_delegated(const std::string& folder) {
    char value[2] = {};
    for (const char* name : {"trusted.delegate", "user.delegate"})
        if (::getxattr(folder.c_str(), name, value, sizeof value) == 1 && value[0] == '1') return true;
    return false;
}

std::vector<pid_t> processes_in(const std::string& folder) {
    const auto text = core::find_file_text(folder + "/cgroup.procs").value_or("");
    std::vector<pid_t> pids;
    for (const auto line : core::split(text, '\n'))
        if (const auto pid = core::parse_unsigned(line)) pids.push_back(static_cast<pid_t>(*pid));
    return pids;
}

/// A v2 group with processes of its own cannot give controllers to children ("no internal
/// processes"): everybody in it moves one down. Only for groups that are wholly ours.
void move_processes_down(const std::string& folder) {
    const auto below = fmt::format("{}/{}", folder, server_group);
    make_group(below);
    for (const auto pid : core::split(core::read_file(folder + "/cgroup.procs"), '\n'))
        if (!pid.empty()) core::write_existing(below + "/cgroup.procs", pid);
}

void enable_controllers(const std::string& folder, const Hierarchy& tree, bool may_move) {
    std::string wanted;
    if (tree.memory) wanted += "+memory ";
    if (tree.cpu) wanted += "+cpu ";
    if (tree.processes) wanted += "+pids ";
    if (wanted.empty()) return;
    const auto file = folder + "/cgroup.subtree_control";
    try {
        core::write_existing(file, wanted);
    } catch (const core::Error&) {
        if (!may_move) throw;
        move_processes_down(folder);
        core::write_existing(file, wanted);
    }
}

/// Where a v2 tree's desks go: below our own group if that is delegated to us or the top we see,
/// else at the top, because in somebody else's group nobody may enable controllers.
void open_v2(Hierarchy& tree, const std::string& top, const std::string& name) {
    const bool may_move = is_delegated(tree.folder) || tree.folder == top;
    const auto parent = may_move ? tree.folder : top;
    enable_controllers(parent, tree, may_move);
    tree.folder = parent + "/" + name;
    make_group(tree.folder);
    enable_controllers(tree.folder, tree, false);
}

/// Moving a process between v1 groups waits 7 ms for an RCU grace period, unless the trees favour
/// changes (mount option of Linux 6.0; it holds for all trees of the host). Forks were not
/// measurably slower. Other options of the tree are given again, as a remount would drop them.
void favour_changes(std::string_view mounts) {
    for (const auto line : core::split(mounts, '\n')) {
        const auto at = line.find(" - cgroup2 ");
        if (at == line.npos || line.contains("favordynmods")) continue;
        const auto words = core::split(line.substr(0, at), ' ');
        auto options = std::string{line.substr(line.rfind(' ') + 1)};
        options = options.starts_with("rw,") ? options.substr(3) + "," : "";
        options += "favordynmods";
        ::mount("none", std::string{words[4]}.c_str(), nullptr, MS_REMOUNT, options.c_str());
        return;
    }
}

std::optional<std::uint64_t> number_of_file(const std::string& path) {
    const auto text = core::find_file_text(path);
    return text ? core::parse_unsigned(core::trim(*text)) : std::nullopt;
}

const Hierarchy* find_with(const std::vector<Hierarchy>& hierarchies, bool Hierarchy::* member) {
    const auto found = std::ranges::find_if(hierarchies, member);
    return found == hierarchies.end() ? nullptr : &*found;
}

void freeze_v2(const std::string& folder, bool frozen) {
    // Opened before writing, so that no change of state is missed.
    const Fd events = core::open_file(folder + "/cgroup.events", O_RDONLY);
    core::write_existing(folder + "/cgroup.freeze", frozen ? "1" : "0");
    const process::Deadline deadline{std::chrono::seconds{1}};
    while (true) {
        char text[128] = {};
        checked("read cgroup.events", ::pread(events.get(), text, sizeof text - 1, 0));
        if (wire::number_in(text, "frozen") == std::uint64_t{frozen}) return;
        deadline.wait_for(events.get(), POLLPRI, frozen ? "freezing the desk" : "thawing the desk");
    }
}

void freeze_v1(const std::string& folder, bool frozen) {
    const std::string state = frozen ? "FROZEN" : "THAWED";
    const auto file = folder + "/freezer.state";
    const process::Deadline deadline{std::chrono::seconds{1}};
    // v1 has no event for it, and a write while FREEZING tries again those that were busy.
    do {
        core::write_existing(file, state);
        if (core::trim(core::read_file(file)) == state) return;
        deadline.pause(frozen ? "freezing the desk" : "thawing the desk");
    } while (true);
}

}  // namespace

std::vector<Hierarchy> open_hierarchies(const std::string& name, std::vector<std::string>& warnings) {
    const auto own_groups = core::find_file_text("/proc/self/cgroup").value_or("");
    const auto mounts = core::read_file("/proc/self/mountinfo");
    const auto v2 = find_v2_folder(own_groups, mounts);
    const auto top = find_v2_folder("0::/", mounts).value_or("");
    const bool is_ours = v2 && (*v2 == top || is_delegated(*v2));
    const auto controllers =
        v2 ? core::find_file_text((is_ours ? *v2 : top) + "/cgroup.controllers").value_or("") : "";
    auto found = find_hierarchies(own_groups, mounts, controllers);
    if (std::ranges::any_of(found, [](const auto& tree) { return !tree.is_v2; })) favour_changes(mounts);
    std::erase_if(found, [&](Hierarchy& tree) {
        try {
            if (tree.is_v2) {
                open_v2(tree, top, name);
            } else {
                tree.folder += "/" + name;
                make_group(tree.folder);
            }
            return false;
        } catch (const core::Error& error) {
            warnings.push_back(fmt::format("cgroup {} cannot be used: {}", tree.folder, error.message()));
            return true;
        }
    });
    return found;
}

void close_hierarchies(const std::vector<Hierarchy>& hierarchies) {
    for (const auto& tree : hierarchies) ::rmdir(tree.folder.c_str());
}

void make_group(const std::string& folder) {
    if (::mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST) return;
    if (errno == ENOENT) {
        ::mkdir(std::filesystem::path{folder}.parent_path().c_str(), 0755);
        if (::mkdir(folder.c_str(), 0755) == 0) return;
    }
    throw core::system_error("make cgroup " + folder, errno);
}

bool remove_groups(const std::vector<Hierarchy>& hierarchies, const std::string& id) {
    bool removed = true;
    for (const auto& tree : hierarchies)
        if (::rmdir((tree.folder + "/" + id).c_str()) < 0 && errno != ENOENT) removed = false;
    return removed;
}

void kill_groups(const std::vector<Hierarchy>& hierarchies, const std::string& id) {
    for (const auto& tree : hierarchies) {
        const auto folder = tree.folder + "/" + id;
        if (!tree.is_v2 && tree.freezer && ::access(folder.c_str(), F_OK) == 0)
            core::write_existing(folder + "/freezer.state", "THAWED");
        for (const auto pid : processes_in(folder)) {
            const auto process = process::find_process(pid);
            // Still there: so the descriptor is of the process that was listed.
            if (process && std::ranges::count(processes_in(folder), pid) > 0)
                process::send_signal(process, SIGKILL);
        }
    }
}

std::vector<std::string> list_groups(const std::vector<Hierarchy>& hierarchies) {
    std::vector<std::string> ids;
    for (const auto& tree : hierarchies) {
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator{tree.folder, error}) {
            auto name = entry.path().filename().string();
            if (core::is_id("desk_", name) && std::ranges::count(ids, name) == 0) ids.push_back(name);
        }
    }
    return ids;
}

void set_frozen(const std::vector<Hierarchy>& hierarchies, const std::string& id, bool frozen) {
    const auto* tree = find_with(hierarchies, &Hierarchy::freezer);
    if (!tree)
        throw core::Error{core::Code::unavailable, "this host cannot freeze desks: it has no cgroup freezer"};
    const auto folder = tree->folder + "/" + id;
    tree->is_v2 ? freeze_v2(folder, frozen) : freeze_v1(folder, frozen);
}

WatchedGroup watch_memory(const std::vector<Hierarchy>& hierarchies, const std::string& id) {
    const auto* tree = find_with(hierarchies, &Hierarchy::memory);
    if (!tree) return {};
    const auto folder = tree->folder + "/" + id;
    if (tree->is_v2) return {wire::GroupWatch::events, core::open_file(folder + "/memory.events", O_RDONLY)};
    Fd events{checked("eventfd", ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))};
    const Fd control = core::open_file(folder + "/memory.oom_control", O_RDONLY);
    core::write_existing(folder + "/cgroup.event_control", fmt::format("{} {}", events.get(), control.get()));
    return {wire::GroupWatch::eventfd, std::move(events)};
}

WatchedGroup watch_processes(const std::vector<Hierarchy>& hierarchies, const std::string& id) {
    const auto* tree = find_with(hierarchies, &Hierarchy::processes);
    if (!tree) return {};
    return {tree->is_v2 ? wire::GroupWatch::events : wire::GroupWatch::counter,
            core::open_file(fmt::format("{}/{}/pids.events", tree->folder, id), O_RDONLY)};
}

std::uint64_t count_memory_kills(const std::vector<Hierarchy>& hierarchies, const std::string& id) {
    const auto* tree = find_with(hierarchies, &Hierarchy::memory);
    if (!tree) return 0;
    const auto* file = tree->is_v2 ? "memory.events" : "memory.oom_control";
    const auto text = core::find_file_text(fmt::format("{}/{}/{}", tree->folder, id, file)).value_or("");
    return wire::number_in(text, "oom_kill").value_or(0);
}

void make_memory_room(const std::vector<Hierarchy>& hierarchies, const std::string& id, std::uint64_t most) {
    const auto* tree = find_with(hierarchies, &Hierarchy::memory);
    if (!tree) return;
    const auto folder = tree->folder + "/" + id;
    const auto used = [&] {
        return number_of_file(folder + (tree->is_v2 ? "/memory.current" : "/memory.usage_in_bytes"))
            .value_or(0);
    };
    if (used() <= most) return;
    try {
        // The first is of Linux 5.19, and an error when not all of it came back.
        tree->is_v2 ? core::write_existing(folder + "/memory.reclaim", fmt::to_string(used() - most))
                    : core::write_existing(folder + "/memory.force_empty", "0");
    } catch (const core::Error& error) {
        core::log_debug("{}", error.message());
    }
    if (const auto now = used(); now > most)
        throw core::Error{
            core::Code::conflict,
            fmt::format("the desk holds {} bytes of memory, more than the {} that it shall have", now, most)};
}

GroupUsage read_usage(const std::vector<Hierarchy>& hierarchies, const std::string& id) {
    GroupUsage usage;
    for (const auto& tree : hierarchies) {
        const auto folder = tree.folder + "/" + id;
        if (tree.memory)
            usage.memory =
                number_of_file(folder + (tree.is_v2 ? "/memory.current" : "/memory.usage_in_bytes"));
        if (tree.processes) usage.processes = number_of_file(folder + "/pids.current");
        if (!tree.is_v2) continue;
        // In v2 every group counts time, with or without the cpu controller.
        const auto text = core::find_file_text(folder + "/cpu.stat").value_or("");
        if (const auto time = wire::number_in(text, "usage_usec"))
            usage.processor_time = std::chrono::microseconds{*time};
    }
    return usage;
}

}  // namespace carrel::jail::cgroup
