#include "app/doctor.hpp"

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "app/data_directory.hpp"
#include "app/host_borders.hpp"
#include "app/host_network.hpp"
#include "app/jail_question.hpp"
#include "app/privileges.hpp"
#include "core/error.hpp"
#include "core/landlock.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "image/catalog.hpp"

namespace carrel::app {

namespace {

using Findings = std::vector<Finding>;

/// Idmapped layers of an overlay came with 5.19; older kernels cannot make our desks.
constexpr std::pair oldest_kernel{5, 19};
constexpr std::uint64_t gib = std::uint64_t{1} << 30;

void look_at_rights(Findings& findings) {
    if (::geteuid() == 0)
        findings.push_back(
            {Health::good, "rights", "runs as root, which namespaces, mounts and cgroups of desks need"});
    else
        findings.push_back({Health::bad, "rights",
                            "not root: `carrel serve` needs it to make desks; run `sudo carrel serve` (it "
                            "keeps root only in carrel-jail)"});
    try {
        get_carrel_user();
        findings.push_back({Health::good, "user", "the system user carrel is there"});
    } catch (const core::Error& error) {
        findings.push_back({Health::bad, "user", error.message()});
    }
}

void look_at_kernel(Findings& findings) {
    utsname names{};
    ::uname(&names);
    const auto version = parse_kernel_version(names.release);
    if (version < oldest_kernel)
        findings.push_back({Health::bad, "kernel",
                            fmt::format("{} is too old: overlays with idmapped layers came with {}.{}",
                                        names.release, oldest_kernel.first, oldest_kernel.second)});
    else
        findings.push_back({Health::good, "kernel", names.release});
    for (const auto* type : {"overlay", "tmpfs", "devpts"}) {
        const auto known = core::find_file_text("/proc/filesystems").value_or("");
        if (known.find(fmt::format("\t{}\n", type)) == std::string::npos)
            findings.push_back(
                {Health::weak, type,
                 fmt::format(
                     "the kernel does not list the file system {0} now: `modprobe {0}` if it is a module",
                     type)});
    }
    const auto most = core::find_file_text("/proc/sys/user/max_user_namespaces").value_or("0");
    if (core::trim(most) == "0")
        findings.push_back({Health::bad, "user namespaces",
                            "forbidden: set user.max_user_namespaces (sysctl) to 10000 or more"});
    else
        findings.push_back({Health::good, "user namespaces", fmt::format("up to {}", core::trim(most))});
}

void look_at_walls(Findings& findings) {
    if (const int version = core::landlock_version(); version > 0)
        findings.push_back({Health::good, "Landlock", fmt::format("version {}", version)});
    else
        findings.push_back(
            {Health::weak, "Landlock",
             "this kernel has none, or not switched on: the server and the resolver are held by "
             "their users alone; add landlock to lsm= on the kernel's command line"});
    const auto router = core::find_file_text("/proc/sys/net/ipv4/ip_forward").value_or("0");
    findings.push_back({Health::good, "forwarding",
                        core::trim(router) == "0"
                            ? "off; desks switch it on for their own packets only, interface by interface"
                            : "the whole host passes packets on (net.ipv4.ip_forward), also those of others; "
                              "desks do not need that"});
}

void look_at_room(Findings& findings, const Config& config) {
    std::filesystem::path place = config.data;
    while (!std::filesystem::exists(place) && place.has_parent_path() && place != place.parent_path())
        place = place.parent_path();
    struct statvfs room{};
    if (::statvfs(place.c_str(), &room) < 0) return;
    const auto free = std::uint64_t{room.f_bavail} * room.f_frsize;
    const auto text = fmt::format("{:.1f} GiB free for {}", static_cast<double>(free) / gib, config.data);
    findings.push_back(
        {free < 4 * gib ? Health::weak : Health::good, "disk",
         free < 4 * gib ? text + "; an image takes 1.5, each desk what is written in it" : text});
    const auto memory = core::find_file_text("/proc/meminfo").value_or("");
    if (const auto at = memory.find("MemAvailable:"); at != std::string::npos) {
        // The file says "kB" and means KiB (proc_meminfo(5)).
        const auto words = core::trim(std::string_view{memory}.substr(at + 13));
        const auto kib = core::parse_unsigned(words.substr(0, words.find(' '))).value_or(0);
        findings.push_back(
            {Health::good, "memory",
             fmt::format("{:.1f} GiB available; a desk takes 0.02 GiB idle, 0.25 GiB with a browser",
                         static_cast<double>(kib << 10) / gib)});
    }
}

void look_at_image(Findings& findings, const Config& config) {
    const auto folder = config.data + "/images";
    if (::access(folder.c_str(), R_OK | X_OK) != 0 && errno == EACCES)
        findings.push_back({Health::weak, "image",
                            fmt::format("this user may not look into {}: run `sudo carrel doctor`", folder)});
    else if (const auto image = image::find_image(config.data, config.desk.image))
        findings.push_back(
            {Health::good, "image", fmt::format("{}, made {}", short_name(*image), image->created)});
    else
        findings.push_back(
            {Health::bad, "image",
             fmt::format("there is no {0} image: `carrel image build {0}` (or ./dev run) makes it",
                         config.desk.image)});
}

/// What a jail, started for the question, says of the host.
jail::wire::Answer ask_jail(const Config& config, const std::string& folder) {
    const auto user = get_carrel_user();
    const DataDirectory data{folder, user};
    const auto jail = start_jail(config, data, user);
    return ask(jail.socket, jail::wire::Doctor{});
}

void look_at_jail(Findings& findings, const Config& config) {
    if (::geteuid() != 0) return;
    auto folder = (std::filesystem::temp_directory_path() / "carrel-doctor-XXXXXX").string();
    if (!::mkdtemp(folder.data())) return;
    try {
        const auto answer = ask_jail(config, folder);
        findings.push_back({Health::good, "jail", "desks can be made"});
        const auto by_descriptor = answer.find("overlay_by_descriptor").value_or("no");
        findings.push_back(
            {Health::good, "overlay",
             by_descriptor == "yes" ? "layers by descriptor" : "layers by path (before Linux 6.13)"});
        // Where they can have none, a warning says what to change.
        if (answer.find("own_disks") == "yes")
            findings.push_back({Health::good, "desks' disks",
                                "each desk writes to a file system of its own (ext4 over a loop device)"});
        for (const auto& [key, value] : answer.fields)
            if (key == "warning") findings.push_back({Health::weak, "host", value});
    } catch (const core::Error& error) {
        findings.push_back({Health::bad, "jail", error.message()});
    }
    // The jail ends when its socket closes; it is our child.
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
}

}  // namespace

std::pair<int, int> parse_kernel_version(std::string_view release) {
    std::pair<int, int> version{0, 0};
    const auto* end = release.data() + release.size();
    const auto [after, failure] = std::from_chars(release.data(), end, version.first);
    if (failure != std::errc{} || after == end || *after != '.') return {0, 0};
    std::from_chars(after + 1, end, version.second);
    return version;
}

std::vector<Finding> examine(const Config& config) {
    Findings findings;
    look_at_rights(findings);
    look_at_kernel(findings);
    look_at_walls(findings);
    look_at_room(findings, config);
    look_at_image(findings, config);
    std::ranges::move(examine_network(), std::back_inserter(findings));
    std::ranges::move(examine_borders(), std::back_inserter(findings));
    look_at_jail(findings, config);
    return findings;
}

std::string to_text(const std::vector<Finding>& findings) {
    std::string text;
    for (const auto& [health, subject, sentence] : findings) {
        const auto mark = health == Health::good ? "ok  " : health == Health::weak ? "weak" : "BAD ";
        text += fmt::format("{}  {:16} {}\n", mark, subject, sentence);
    }
    return text;
}

}  // namespace carrel::app
