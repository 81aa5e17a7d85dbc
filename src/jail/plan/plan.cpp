#include "jail/plan/plan.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <algorithm>

namespace carrel::jail::plan {

namespace {

constexpr std::uint64_t no_programs = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
constexpr std::uint64_t no_devices = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
constexpr std::uint32_t cpu_period = 100'000;  // microseconds, the kernel's own default

void add(Plan& plan, HostStep step) { plan.steps.emplace_back(std::move(step)); }
void add(Plan& plan, DeskStep step) { plan.steps.emplace_back(std::move(step)); }

std::string machine_id(const wire::Spec& spec) { return spec.id.substr(5) + std::string(20, '0'); }

/// Files that name the machine, in the upper layer: an ordinary program finds them as usual.
void add_files(Plan& plan, const wire::Spec& spec, const HostFacts& facts) {
    const auto folder = desk_folder(facts, spec.id);
    const auto etc = folder + "/upper/etc";
    for (const auto& path : {folder, folder + "/work", folder + "/upper", etc})
        add(plan, step::Folder{path, mode_t{path == folder ? 0700U : 0755U}});
    add(plan, step::TextFile{etc + "/hostname", spec.id + "\n"});
    add(plan, step::TextFile{etc + "/hosts", fmt::format("127.0.0.1 localhost {}\n", spec.id)});
    add(plan, step::TextFile{etc + "/machine-id", machine_id(spec) + "\n"});
    add(plan, step::TextFile{etc + "/resolv.conf", network::resolver_text(spec.network)});
}

void add_settings(Plan& plan, const cgroup::Hierarchy& tree, const std::string& group,
                  const wire::Limits& limits) {
    const auto set = [&](std::string_view file, std::string value, std::string without) {
        add(plan, step::Setting{fmt::format("{}/{}", group, file), std::move(value), std::move(without)});
    };
    const auto quota = std::uint64_t{limits.cpu} * cpu_period / 100;
    if (tree.memory && tree.is_v2) {
        set("memory.max", fmt::to_string(limits.memory), "no memory limit");
        set("memory.swap.max", "0", "");
    } else if (tree.memory) {
        set("memory.limit_in_bytes", fmt::to_string(limits.memory), "no memory limit");
        set("memory.memsw.limit_in_bytes", fmt::to_string(limits.memory), "");
    }
    if (tree.cpu && tree.is_v2) {
        set("cpu.max", fmt::format("{} {}", quota, cpu_period), "no processor limit");
    } else if (tree.cpu) {
        set("cpu.cfs_period_us", fmt::to_string(cpu_period), "");
        set("cpu.cfs_quota_us", fmt::to_string(quota), "no processor limit");
    }
    if (tree.processes) set("pids.max", fmt::to_string(limits.processes), "no limit of processes");
}

void add_groups(Plan& plan, const wire::Spec& spec, const HostFacts& facts) {
    for (const auto& tree : facts.hierarchies) {
        const auto group = tree.folder + "/" + spec.id;
        add(plan, step::Group{group});
        add_settings(plan, tree, group, spec.limits);
    }
    plan.warnings = cgroup::missing_groups(facts.hierarchies);
}

void add_process(Plan& plan, const wire::Spec& spec, const HostFacts& facts) {
    const auto v2 = std::ranges::find_if(facts.hierarchies, &cgroup::Hierarchy::is_v2);
    const bool begins_in_group = facts.clone_into_cgroup && v2 != facts.hierarchies.end();
    const auto first = first_id(facts, spec.slot);
    add(plan,
        step::Clone{CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET,
                    begins_in_group ? v2->folder + "/" + spec.id : ""});
    // Before the overlay, whose layers are mapped as this process's ids are, and before BecomeRoot inside.
    add(plan, step::MapIds{first, wire::ids_per_desk});
    // A desk goes before the server.
    add(plan, step::Expendable{300});
    add(plan,
        step::Overlay{
            {image_root(facts, spec)}, desk_folder(facts, spec.id), first, facts.overlay_by_descriptor});
    // Before the root is sent: the desk goes on when it has that, and then looks for its end of the cable.
    add(plan, step::ConnectNetwork{spec.network, network::cable_of(first), facts.network.mtu});
    add(plan, step::SendRoot{});
    // After it, because on cgroup v1 each may wait for the kernel (7 ms) while the desk mounts its file
    // systems.
    for (const auto& tree : facts.hierarchies)
        if (!(begins_in_group && tree.is_v2))
            add(plan, step::Attach{tree.folder + "/" + spec.id, "the desk is outside its limits"});
}

void add_devices(Plan& plan) {
    add(plan,
        step::Filesystem{
            "tmpfs", "/dev", {{"mode", "0755"}, {"size", "1m"}}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC});
    for (const char* name : {"full", "null", "random", "tty", "urandom", "zero"})
        add(plan, step::Device{fmt::format("/dev/{}", name)});
    const std::pair<const char*, const char*> links[] = {{"/dev/fd", "/proc/self/fd"},
                                                         {"/dev/ptmx", "pts/ptmx"},
                                                         {"/dev/stderr", "/proc/self/fd/2"},
                                                         {"/dev/stdin", "/proc/self/fd/0"},
                                                         {"/dev/stdout", "/proc/self/fd/1"}};
    for (const auto& [path, target] : links) add(plan, step::Link{path, target});
    add(plan, step::Filesystem{"devpts",
                               "/dev/pts",
                               {{"mode", "0620"}, {"ptmxmode", "0666"}, {"gid", "5"}},
                               MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC});
    // Chromium keeps every tab's pictures here; 64 MB, the usual size in containers, is too little.
    add(plan, step::Filesystem{"tmpfs", "/dev/shm", {{"mode", "1777"}, {"size", "512m"}}, no_programs});
}

void add_filesystems(Plan& plan) {
    add_devices(plan);
    // With nothing mounted over parts of it: else Chromium's sandbox may not mount its own.
    add(plan, step::Filesystem{"proc", "/proc", {}, no_programs});
    add(plan, step::Filesystem{"sysfs", "/sys", {}, no_programs | MOUNT_ATTR_RDONLY});
    add(plan, step::Filesystem{"tmpfs", "/run", {{"mode", "0755"}, {"size", "64m"}}, no_devices});
    add(plan, step::InnerFolder{"/run/lock", 01777, 0});
    add(plan, step::InnerFolder{"/run/user", 0755, 0});
    add(plan, step::InnerFolder{"/run/user/1000", 0700, wire::agent});
    add(plan, step::Filesystem{"tmpfs", "/tmp", {{"mode", "1777"}, {"size", "1g"}}, no_devices});
    add(plan, step::InnerFolder{"/tmp/.X11-unix", 01777, 0});
    add(plan, step::InnerFolder{"/tmp/.ICE-unix", 01777, 0});
}

/// How many namespaces programs in the desk may make: Chromium's sandbox needs some of the first
/// three for each tab, nothing needs the others, which open much of the kernel.
void add_namespace_limits(Plan& plan) {
    for (const char* kind : {"user", "pid", "net"})
        add(plan, step::KernelValue{fmt::format("/proc/sys/user/max_{}_namespaces", kind), "256"});
    for (const char* kind : {"mnt", "ipc", "uts", "cgroup", "time"})
        add(plan, step::KernelValue{fmt::format("/proc/sys/user/max_{}_namespaces", kind), "0"});
}

bool has(const HostFacts& facts, bool cgroup::Hierarchy::* limit) {
    return std::ranges::any_of(facts.hierarchies, [&](const auto& tree) { return tree.*limit; });
}

/// Counted per uid, so per desk: the only limit of processes where there is no pids cgroup. Where there is
/// one, that shall be met first, because nothing tells of this one (fork counts both, this one before).
std::uint64_t most_of_user(const wire::Spec& spec, const HostFacts& facts) {
    constexpr std::uint64_t room = 64;
    return spec.limits.processes + (has(facts, &cgroup::Hierarchy::processes) ? room : 0);
}

/// What the desk is told of its own limits, as far as this host enforces them: a desk sees no cgroup.
std::vector<std::string> told_limits(const wire::Spec& spec, const HostFacts& facts) {
    std::vector<std::string> told{fmt::format("CARREL_PROCESSES={}", spec.limits.processes)};
    if (has(facts, &cgroup::Hierarchy::memory))
        told.push_back(fmt::format("CARREL_MEMORY={}", spec.limits.memory));
    if (has(facts, &cgroup::Hierarchy::cpu)) told.push_back(fmt::format("CARREL_CPU={}", spec.limits.cpu));
    return told;
}

/// What the desk may do ends step by step: each step still needs what the next one takes away.
void add_losses(Plan& plan) {
    // A cgroup namespace begins at the groups that its maker is in: after go, when the jail has attached it
    // to all of them. And before the limits of namespaces, which allow no further one.
    add(plan, step::HideGroups{});
    add_namespace_limits(plan);
    // The bounding set takes a capability to empty it; the change of the user takes the last ones away.
    add(plan, step::DropCapabilities{});
    add(plan, step::BecomeUser{wire::agent, wire::agent});
    // Who has no capabilities may put himself under a filter only without new privileges (seccomp(2)).
    add(plan, step::NoNewPrivileges{});
    add(plan, step::FilterCalls{});
}

void add_program(Plan& plan, const wire::Spec& spec, const HostFacts& facts) {
    std::vector<std::string> environment{"CARREL_DESK_ID=" + spec.id,
                                         "CARREL_NONCE=" + spec.nonce,
                                         fmt::format("CARREL_WIDTH={}", spec.width),
                                         fmt::format("CARREL_HEIGHT={}", spec.height),
                                         fmt::format("CARREL_NETWORK={}", name_of(spec.network)),
                                         "HOME=/home/agent",
                                         "USER=agent",
                                         "LOGNAME=agent",
                                         "SHELL=/bin/bash",
                                         "LANG=C.UTF-8",
                                         "XDG_RUNTIME_DIR=/run/user/1000",
                                         "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
    std::ranges::move(told_limits(spec, facts), std::back_inserter(environment));
    add(plan, step::Run{{"carrel-desk", "init"}, std::move(environment)});
}

}  // namespace

Plan plan_desk(const wire::Spec& spec, const HostFacts& facts) {
    if (spec.network == wire::Network::internet && !facts.has_internet)
        throw core::Error{
            core::Code::unavailable,
            "desks get no internet on this host (`carrel doctor` says why), only network 'none'"};
    Plan plan;
    // Before the overlay: its layers must not change below it (kernel: filesystems/overlayfs).
    add_files(plan, spec, facts);
    // Both before the clone: the first process inherits the socket, and begins in its v2 group.
    add(plan, step::Listen{endpoint_path(facts, spec.id), facts.carrel_uid, facts.carrel_gid});
    add_groups(plan, spec, facts);
    add_process(plan, spec, facts);
    add(plan, step::TakeRoot{});
    // Once ids are mapped (MapIds comes before SendRoot), so that what it makes belongs to the desk's root.
    add(plan, step::BecomeRoot{});
    // While the host is in sight: devices are the host's, and the kernel gives a user namespace proc and
    // sysfs only beside fully visible ones.
    add_filesystems(plan);
    add(plan, step::Pivot{});
    add(plan, step::Hostname{spec.id});
    // By the desk's own /proc; before an interface is up, which would give itself an address.
    add(plan, step::KernelValue{"/proc/sys/net/ipv6/conf/all/disable_ipv6", "1"});
    add(plan, step::KernelValue{"/proc/sys/net/ipv6/conf/default/disable_ipv6", "1"});
    add(plan, step::ConfigureNetwork{spec.network, network::cable_of(first_id(facts, spec.slot)),
                                     facts.network.own});
    // 0 would still feed the cores of crashed programs to a host's handler (core_pattern "|…"), as root
    // and outside; of 1 the kernel says that nobody can mean it (core(5), fs/coredump.c).
    add(plan, step::ResourceLimit{"core", RLIMIT_CORE, 1});
    add(plan, step::ResourceLimit{"nofile", RLIMIT_NOFILE, 16384});
    add(plan, step::ResourceLimit{"nproc", RLIMIT_NPROC, most_of_user(spec, facts)});
    // No program of a desk runs before the desk is inside all its limits, and recorded: a jail that is killed
    // just then leaves none behind that the next one does not know.
    add(plan, step::AwaitGo{});
    add(plan, step::Record{desk_folder(facts, spec.id) + "/identity.json"});
    add(plan, step::LetGo{});
    add_losses(plan);
    add_program(plan, spec, facts);
    return plan;
}

std::string desk_folder(const HostFacts& facts, const std::string& id) { return facts.data + "/desks/" + id; }

std::string endpoint_path(const HostFacts& facts, const std::string& id) {
    return facts.data + "/endpoints/" + id;
}

std::string image_root(const HostFacts& facts, const wire::Spec& spec) {
    return fmt::format("{}/images/{}/{}/root", facts.data, spec.image, spec.image_hash);
}

std::string desk_binary(const HostFacts& facts, const std::string& hash) {
    return fmt::format("{}/bin/{}/carrel-desk", facts.data, hash);
}

std::uint32_t first_id(const HostFacts& facts, std::uint32_t slot) {
    return facts.uid_base + wire::ids_per_desk * slot;
}

}  // namespace carrel::jail::plan
