#include "jail/desks/removal.hpp"

#include <fmt/format.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/deletion.hpp"
#include "core/id.hpp"
#include "core/log.hpp"
#include "core/sys.hpp"
#include "jail/cgroup/groups.hpp"
#include "jail/plan/plan.hpp"

namespace carrel::jail::desks {

namespace {

namespace fs = std::filesystem;

void remove_endpoint(const plan::HostFacts& facts, const std::string& id) {
    const auto path = plan::endpoint_path(facts, id);
    if (::unlink(path.c_str()) < 0 && errno != ENOENT) throw core::system_error("remove " + path, errno);
}

/// The rest of this process: deleting may take seconds, and nobody waits for it.
[[noreturn]] void delete_all(const std::string& folder) {
    ::prctl(PR_SET_NAME, "carrel-trash");
    ::setpriority(PRIO_PROCESS, 0, 19);
    constexpr int idle_class = 3 << 13;
    ::syscall(SYS_ioprio_set, 1, 0, idle_class);
    ::_exit(core::delete_contents(folder) ? 0 : 1);
}

}  // namespace

std::vector<std::string> ids_in(const std::string& folder) {
    std::vector<std::string> ids;
    for (const auto& entry : fs::directory_iterator{folder}) {
        auto name = entry.path().filename().string();
        if (core::is_id("desk_", name)) ids.push_back(std::move(name));
    }
    std::ranges::sort(ids);
    return ids;
}

std::vector<std::string> list_desks(const plan::HostFacts& facts) { return ids_in(facts.data + "/desks"); }

void move_to_trash(const plan::HostFacts& facts, const std::string& folder, const std::string& name) {
    const auto away = fmt::format("{}/trash/{}-{}", facts.data, name, core::random_hex(8));
    if (::rename(folder.c_str(), away.c_str()) < 0 && errno != ENOENT)
        throw core::system_error("rename away " + folder, errno);
}

bool remove_surroundings(const plan::HostFacts& facts, const std::vector<cgroup::Hierarchy>& hierarchies,
                         const std::string& id) {
    remove_endpoint(facts, id);
    return cgroup::remove_groups(hierarchies, id);
}

bool remove_traces(const plan::HostFacts& facts, const std::vector<cgroup::Hierarchy>& hierarchies,
                   const std::string& id) {
    if (!remove_surroundings(facts, hierarchies, id)) return false;
    move_to_trash(facts, plan::desk_folder(facts, id), id);
    move_to_trash(facts, plan::kept_folder(facts, id), id);
    return true;
}

pid_t empty_trash(const std::string& data) {
    const auto folder = data + "/trash";
    if (fs::is_empty(folder)) return -1;
    const auto pid = ::fork();
    if (pid != 0) return pid;
    ::close_range(3, ~0U, 0);
    delete_all(folder);
}

void remove_strays(const plan::HostFacts& facts) {
    const auto desks = list_desks(facts);
    for (const auto& id : ids_in(facts.data + "/endpoints"))
        if (std::ranges::count(desks, id) == 0) remove_endpoint(facts, id);
    for (const auto& id : cgroup::list_groups(facts.hierarchies)) {
        if (std::ranges::count(desks, id) > 0 || cgroup::remove_groups(facts.hierarchies, id)) continue;
        // Processes without a directory are nobody's desk.
        cgroup::kill_groups(facts.hierarchies, id);
        if (!cgroup::remove_groups(facts.hierarchies, id))
            core::log_warning(
                "{} has no directory: its processes were killed, its cgroup goes at the next start", id);
    }
}

}  // namespace carrel::jail::desks
