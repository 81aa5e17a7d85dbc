#include "jail/plan/plan.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>

#include "core/desk_log.hpp"
#include "core/desk_shape.hpp"
#include "jail/plan/bounds.hpp"

namespace carrel::jail::plan {

namespace {

constexpr std::uint64_t no_programs = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
constexpr std::uint64_t no_devices = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
constexpr const char* agent_home = "/home/agent";
constexpr const char* device_names[] = {"full", "null", "random", "tty", "urandom", "zero"};

/// What tells of the host's kernel, its memory and machine, or of what others do on it, and is of no use in
/// a desk. Nobody in one may mount a proc of his own, so what lies over it hinders nobody: Chromium's
/// sandbox makes do with what is there.
constexpr const char* hidden_paths[] = {"/proc/acpi",
                                        "/proc/asound",
                                        "/proc/buddyinfo",
                                        "/proc/bus",
                                        "/proc/cmdline",
                                        "/proc/config.gz",
                                        "/proc/diskstats",
                                        "/proc/driver",
                                        "/proc/fs",
                                        "/proc/interrupts",
                                        "/proc/iomem",
                                        "/proc/ioports",
                                        "/proc/irq",
                                        "/proc/kallsyms",
                                        "/proc/kcore",
                                        "/proc/key-users",
                                        "/proc/keys",
                                        "/proc/kmsg",
                                        "/proc/latency_stats",
                                        "/proc/modules",
                                        "/proc/mtrr",
                                        "/proc/partitions",
                                        "/proc/sched_debug",
                                        "/proc/scsi",
                                        "/proc/slabinfo",
                                        "/proc/softirqs",
                                        "/proc/sysrq-trigger",
                                        "/proc/timer_list",
                                        "/proc/timer_stats",
                                        "/proc/vmallocinfo",
                                        "/sys/devices/virtual/dmi",
                                        "/sys/devices/virtual/powercap",
                                        "/sys/firmware",
                                        "/sys/kernel",
                                        "/sys/module",
                                        "/sys/power"};

/// Of a file system in memory where everybody may write. They count for the memory limit, and hold no more
/// than the desk may write elsewhere; but Chromium and the display need some of them.
std::vector<std::pair<std::string, std::string>> memory_files(std::uint64_t most,
                                                              const wire::Limits& limits) {
    if (limits.disk > 0) most = std::min(most, std::max(limits.disk, 64 * core::mebibyte));
    return {{"mode", "1777"}, {"size", fmt::format("{}m", most / core::mebibyte)}, {"nr_inodes", "262144"}};
}

void add(Plan& plan, HostStep step) { plan.steps.emplace_back(std::move(step)); }
void add(Plan& plan, DeskStep step) { plan.steps.emplace_back(std::move(step)); }

std::string machine_id(const wire::Spec& spec) { return spec.id.substr(5) + std::string(20, '0'); }

bool has_own_disk(const wire::Spec& spec, const HostFacts& facts) {
    return spec.has_kept_files ? facts.has_kept_disk : spec.limits.disk > 0 && facts.own_disks;
}

/// Files that name the machine, in the upper layer: an ordinary program finds them as usual.
void add_files(Plan& plan, const wire::Spec& spec, const HostFacts& facts) {
    const std::string etc = "upper/etc";
    const auto folder = desk_folder(facts, spec.id);
    if (spec.has_kept_files) {
        add(plan, step::TakeFolder{spec.id});
        if (has_own_disk(spec, facts)) add(plan, step::KeptDisk{disk_file(folder)});
        // Overlay refuses one that it left when nothing was synced (kernel: filesystems/overlayfs, volatile).
        add(plan, step::ClearLayer{"work"});
    } else {
        add(plan, step::Folder{folder, 0700});
        if (has_own_disk(spec, facts)) add(plan, step::Disk{spec.limits.disk, disk_file(folder)});
    }
    for (const auto& path : {std::string{"work"}, std::string{"upper"}, etc})
        add(plan, step::LayerFolder{path});
    add(plan, step::TextFile{etc + "/hostname", spec.id + "\n"});
    add(plan, step::TextFile{etc + "/hosts", fmt::format("127.0.0.1 localhost {}\n", spec.id)});
    add(plan, step::TextFile{etc + "/machine-id", machine_id(spec) + "\n"});
    add(plan, step::TextFile{etc + "/resolv.conf", network::resolver_text(spec.network)});
}

void add_groups(Plan& plan, const wire::Spec& spec, const HostFacts& facts) {
    for (const auto& tree : facts.hierarchies) {
        const auto group = tree.folder + "/" + spec.id;
        add(plan, step::Group{group});
        for (auto& setting : group_settings(tree, group, spec.limits, facts)) add(plan, std::move(setting));
    }
    plan.warnings = cgroup::missing_groups(facts.hierarchies);
    if (spec.limits.disk > 0 && !has_own_disk(spec, facts)) plan.warnings.emplace_back(soft_disk_warning);
}

std::vector<WorkspacePart> parts_of(const wire::Spec& spec, const HostFacts& facts) {
    if (!spec.workspace) return {};
    return workspace_parts(*spec.workspace, spec, facts);
}

void add_process(Plan& plan, const wire::Spec& spec, const HostFacts& facts) {
    const auto v2 = std::ranges::find_if(facts.hierarchies, &cgroup::Hierarchy::is_v2);
    const bool begins_in_group = facts.clone_into_cgroup && v2 != facts.hierarchies.end();
    const auto first = facts.first_id;
    // Before the clone, too: the first process inherits them.
    if (facts.own_devices) add(plan, step::Nodes{{std::begin(device_names), std::end(device_names)}, first});
    add(plan,
        step::Clone{CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET,
                    begins_in_group ? v2->folder + "/" + spec.id : "", first});
    // Before the overlay, whose layers are mapped as this process's ids are, and before BecomeRoot inside.
    add(plan, step::MapIds{first, wire::ids_per_desk});
    // A desk goes before the server.
    add(plan, step::Expendable{300});
    add(plan, step::Overlay{image_roots(facts, spec), desk_folder(facts, spec.id), first,
                            facts.overlay_by_descriptor});
    // Before the root is sent: the desk goes on when it has that, and then looks for its end of the cable.
    add(plan, step::ConnectNetwork{spec.network, network::cable_of(first), facts.network.mtu});
    add(plan, step::SendRoot{});
    for (auto& part : parts_of(spec, facts)) add(plan, std::move(part.tree));
    // After it, because on cgroup v1 each may wait for the kernel (7 ms) while the desk mounts its file
    // systems.
    for (const auto& tree : facts.hierarchies)
        if (!(begins_in_group && tree.is_v2))
            add(plan, step::Attach{tree.folder + "/" + spec.id, "the desk is outside its limits"});
}

void add_devices(Plan& plan, const wire::Spec& spec, const HostFacts& facts) {
    if (facts.own_devices) {
        add(plan, step::PlaceNodes{"/dev"});
    } else {
        add(plan,
            step::Filesystem{
                "tmpfs", "/dev", {{"mode", "0755"}, {"size", "1m"}}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC});
        for (const char* name : device_names) add(plan, step::Device{fmt::format("/dev/{}", name)});
    }
    const std::pair<const char*, const char*> links[] = {{"/dev/fd", "/proc/self/fd"},
                                                         {"/dev/ptmx", "pts/ptmx"},
                                                         {"/dev/stderr", "/proc/self/fd/2"},
                                                         {"/dev/stdin", "/proc/self/fd/0"},
                                                         {"/dev/stdout", "/proc/self/fd/1"}};
    for (const auto& [path, target] : links) add(plan, step::Link{path, target});
    // Their number is the host's (kernel.pty.max), so no desk may take them all.
    add(plan, step::Filesystem{"devpts",
                               "/dev/pts",
                               {{"mode", "0620"}, {"ptmxmode", "0666"}, {"gid", "5"}, {"max", "128"}},
                               MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC});
    // Chromium keeps every tab's pictures here; 64 MB, the usual size in containers, is too little.
    add(plan,
        step::Filesystem{"tmpfs", "/dev/shm", memory_files(512 * core::mebibyte, spec.limits), no_programs});
}

void add_filesystems(Plan& plan, const wire::Spec& spec, const HostFacts& facts) {
    add_devices(plan, spec, facts);
    add(plan, step::Filesystem{"proc", "/proc", {}, no_programs});
    add(plan, step::Filesystem{"sysfs", "/sys", {}, no_programs | MOUNT_ATTR_RDONLY});
    for (const char* path : hidden_paths) add(plan, step::Hide{path});
    add(plan, step::Filesystem{"tmpfs", "/run", {{"mode", "0755"}, {"size", "64m"}}, no_devices});
    add(plan, step::InnerFolder{"/run/lock", 01777, 0});
    add(plan, step::InnerFolder{"/run/user", 0755, 0});
    add(plan, step::InnerFolder{"/run/user/1000", 0700, wire::agent});
    add(plan,
        step::Filesystem{"tmpfs", "/tmp", memory_files(1024 * core::mebibyte, spec.limits), no_devices});
    add(plan, step::InnerFolder{"/tmp/.X11-unix", 01777, 0});
    add(plan, step::InnerFolder{"/tmp/.ICE-unix", 01777, 0});
}

/// What the desk may do ends step by step: each step still needs what the next one takes away.
void add_losses(Plan& plan) {
    // A cgroup namespace begins at the groups that its maker is in: after go, when the jail has attached it
    // to all of them. And before the limits of namespaces, which allow no further one.
    add(plan, step::HideGroups{});
    for (auto& bound : namespace_bounds()) add(plan, std::move(bound));
    // After the last value: root of a nested namespace could write those of its own network.
    add(plan, step::ReadOnly{"/proc/sys"});
    // The bounding set takes a capability to empty it; the change of the user takes the last ones away.
    add(plan, step::DropCapabilities{});
    add(plan, step::BecomeUser{wire::agent, wire::agent});
    // As the agent, who owns it; the filter refuses all calls about keys.
    add(plan, step::NewKeyring{});
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
                                         fmt::format("HOME={}", agent_home),
                                         "USER=agent",
                                         "LOGNAME=agent",
                                         "SHELL=/bin/bash",
                                         "LANG=C.UTF-8",
                                         "XDG_RUNTIME_DIR=/run/user/1000",
                                         "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
    std::ranges::move(told_limits(spec.limits, facts), std::back_inserter(environment));
    if (!facts.image.has_display) environment.emplace_back("CARREL_DISPLAY=none");
    add(plan, step::Run{{"carrel-desk", "init"}, std::move(environment)});
}

std::string build_folder(const HostFacts& facts, const std::string& image, const std::string& hash) {
    return fmt::format("{}/images/{}/{}", facts.data, image, hash);
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
    // These before the clone: the first process inherits socket and log, and begins in its v2 group.
    add(plan, step::Listen{endpoint_path(facts, spec.id), facts.carrel_uid, facts.carrel_gid});
    add(plan, step::LogFile{log_path(facts, spec.id), core::desk_log_size, facts.carrel_gid});
    add_groups(plan, spec, facts);
    add_process(plan, spec, facts);
    add(plan, step::TakeRoot{});
    // Once ids are mapped (MapIds comes before SendRoot), so that what it makes belongs to the desk's root.
    add(plan, step::BecomeRoot{});
    // While the host is in sight: devices are the host's, and the kernel gives a user namespace proc and
    // sysfs only beside fully visible ones.
    add_filesystems(plan, spec, facts);
    for (auto& part : parts_of(spec, facts)) add(plan, step::TakeTree{std::move(part.at)});
    add(plan, step::Pivot{});
    add(plan, step::Hostname{spec.id});
    // By the desk's own /proc; before an interface is up, which would give itself an address.
    add(plan, step::KernelValue{"/proc/sys/net/ipv6/conf/all/disable_ipv6", "1"});
    add(plan, step::KernelValue{"/proc/sys/net/ipv6/conf/default/disable_ipv6", "1"});
    add(plan, step::ConfigureNetwork{spec.network, network::cable_of(facts.first_id), facts.network.own});
    for (auto& limit : resource_limits(spec.limits, facts)) add(plan, std::move(limit));
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

std::string kept_folder(const HostFacts& facts, const std::string& id) {
    return facts.data + "/asleep/" + id;
}

std::string disk_file(const std::string& folder) { return folder + "/disk"; }

std::string endpoint_path(const HostFacts& facts, const std::string& id) {
    return facts.data + "/endpoints/" + id;
}

std::string log_path(const HostFacts& facts, const std::string& id) { return facts.data + "/logs/" + id; }

std::vector<std::string> image_roots(const HostFacts& facts, const wire::Spec& spec) {
    std::vector<std::string> roots{build_folder(facts, spec.image, spec.image_hash) + "/root"};
    for (const auto& layer : facts.image.below)
        roots.push_back(build_folder(facts, layer.image, layer.hash) + "/root");
    return roots;
}

std::string image_facts_path(const HostFacts& facts, const wire::Spec& spec) {
    return build_folder(facts, spec.image, spec.image_hash) + "/facts";
}

std::string workspaces_folder(const HostFacts& facts, const std::string& owner) {
    return fmt::format("{}/workspaces/{}", facts.data, owner);
}

std::string workspace_folder(const HostFacts& facts, const wire::Workspace& workspace) {
    return fmt::format("{}/{}", workspaces_folder(facts, workspace.owner), workspace.name);
}

std::vector<WorkspacePart> workspace_parts(const wire::Workspace& workspace, const wire::Spec& spec,
                                           const HostFacts& facts) {
    const auto folder = workspace_folder(facts, workspace);
    std::vector<WorkspacePart> parts{{{folder, "files", ""}, "/workspace"}};
    if (workspace.home)
        parts.push_back({{folder, "home", image_roots(facts, spec).back() + agent_home}, agent_home});
    return parts;
}

std::string desk_binary(const HostFacts& facts, const std::string& hash) {
    return fmt::format("{}/bin/{}/carrel-desk", facts.data, hash);
}

}  // namespace carrel::jail::plan
