#include "jail/host/host.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <thread>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "jail/cgroup/groups.hpp"
#include "jail/cgroup/sweep.hpp"
#include "jail/host/data.hpp"
#include "jail/host/network.hpp"
#include "jail/host/nodes.hpp"
#include "jail/wire/spec.hpp"

namespace carrel::jail::host {

namespace {

using core::checked;
using core::Code;
using core::Error;

constexpr const char* ranges_folder = "/run/carrel-ranges";

void require_root() {
    if (::geteuid() != 0)
        throw Error{Code::forbidden, "carrel-jail must run as root: it makes namespaces, mounts and cgroups"};
}

/// Mounts of ours are seen by nobody else; what the host unmounts, goes here too.
void enter_own_mounts() {
    checked("new mount namespace", ::unshare(CLONE_NEWNS));
    checked("make mounts private", ::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr));
}

void require_ids(const Options& options) {
    constexpr std::uint64_t largest_id = 0xFFFF'FFFE;
    const std::uint64_t end =
        std::uint64_t{options.uid_base} + std::uint64_t{wire::ids_per_desk} * (wire::max_slot + 2);
    if (options.uid_base < wire::ids_per_desk || end > largest_id)
        throw Error{Code::invalid, fmt::format("--uid-base is {}, but must be between {} and {}",
                                               options.uid_base, wire::ids_per_desk,
                                               largest_id - wire::ids_per_desk * (wire::max_slot + 2ULL))};
}

/// One name per data directory, so that two servers on a host leave each other's groups alone.
/// FNV-1a; the directory is told by device and inode, however its path is written.
std::string group_name(const std::string& data) {
    struct stat status;
    checked("stat " + data, ::stat(data.c_str(), &status));
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const std::uint64_t part : {std::uint64_t{status.st_dev}, std::uint64_t{status.st_ino}})
        for (unsigned shift = 0; shift < 64; shift += 8)
            hash = (hash ^ (part >> shift & 0xFF)) * 0x100000001b3;
    return fmt::format("carrel-{:08x}", hash >> 32);
}

std::string program_beside_us() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "carrel-desk";
}

/// What no memory limit bounds is counted for each desk apart (process/clone.hpp), or raised so far that
/// no number of desks reaches it: all that these count is memory that the kernel charges to the desk.
void raise_kernel_limits(plan::HostFacts& facts, std::vector<std::string>& warnings) {
    constexpr std::uint64_t endless = std::numeric_limits<std::int64_t>::max();  // as systemd does
    raise_kernel_limit("fs/inotify/max_user_instances", 1024, warnings);
    raise_kernel_limit("fs/inotify/max_user_watches", 1U << 18, warnings);
    raise_kernel_limit("kernel/pid_max", 4194304, warnings);
    raise_kernel_limit("kernel/threads-max", 4194304, warnings);
    raise_kernel_limit("kernel/pty/max", 1U << 17, warnings);
    if (raise_kernel_limit("fs/file-max", endless, warnings)) facts.most_files = 8192;
}

}  // namespace

bool raise_kernel_limit(const std::string& name, std::uint64_t least, std::vector<std::string>& warnings) {
    const auto path = "/proc/sys/" + name;
    try {
        const auto now = core::parse_unsigned(core::trim(core::read_file(path))).value_or(0);
        if (now < least) core::write_existing(path, fmt::to_string(least));
        return true;
    } catch (const Error& error) {
        auto key = name;
        std::ranges::replace(key, '/', '.');
        warnings.push_back(fmt::format("{} could not be raised to {}: {}", key, least, error.message()));
        return false;
    }
}

Host open_host(const Options& options) {
    require_root();
    require_ids(options);
    ::umask(022);
    prepare_data(options.data, options.carrel_uid, options.carrel_gid);
    enter_own_mounts();
    std::vector<std::string> warnings;
    plan::HostFacts facts{};
    raise_kernel_limits(facts, warnings);
    facts.processors = std::max(1U, std::thread::hardware_concurrency());
    facts.has_swap =
        core::split(core::trim(core::find_file_text("/proc/swaps").value_or("")), '\n').size() > 1;
    facts.has_internet = can_have_internet(warnings);
    facts.data = std::filesystem::canonical(options.data);
    facts.carrel_uid = options.carrel_uid;
    facts.carrel_gid = options.carrel_gid;
    facts.desk_hash =
        install_program(facts.data, options.desk_binary.empty() ? program_beside_us() : options.desk_binary);
    const auto turn = cgroup::wait_for_turn();
    facts.hierarchies = cgroup::open_hierarchies(group_name(facts.data), warnings);
    auto held_groups = cgroup::hold_hierarchies(facts.hierarchies);
    cgroup::sweep_hierarchies(facts.hierarchies);
    std::ranges::move(cgroup::missing_groups(facts.hierarchies), std::back_inserter(warnings));
    facts.own_devices = can_make_nodes();
    if (!facts.own_devices)
        warnings.emplace_back(
            "desks use the host's device nodes, since none can be made here (it takes CAP_MKNOD): a lock on "
            "/dev/null or /dev/zero that one desk holds stops the others");
    facts.overlay_by_descriptor = plan::has_overlay_by_descriptor();
    facts.clone_into_cgroup = plan::has_clone3();
    Ranges ranges{ranges_folder, facts.data, options.uid_base, ranges_in_use()};
    return {std::move(facts), std::move(ranges), std::move(held_groups), std::move(warnings)};
}

}  // namespace carrel::jail::host
