#include "app/host_borders.hpp"

#include <algorithm>
#include <string_view>

#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::app {

namespace {

/// A number in /proc that is weak when it is `weak`.
struct WeakValue {
    const char* path;
    std::string_view weak;
    const char* subject;
    const char* text;
};

constexpr WeakValue weak_values[] = {
    {"/proc/sys/kernel/unprivileged_userns_clone", "0", "browser",
     "its sandbox needs user namespaces, which programs may not make here: sysctl "
     "kernel.unprivileged_userns_clone=1"},
    {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "browser",
     "its sandbox needs user namespaces, which AppArmor forbids to programs here: sysctl "
     "kernel.apparmor_restrict_unprivileged_userns=0"},
    {"/proc/sys/kernel/yama/ptrace_scope", "0", "yama",
     "programs of one desk can read each other's memory (of other desks' and of the host's never): sysctl "
     "kernel.yama.ptrace_scope=1 stops that"}};

/// A word of the kernel's command line that takes a limit away.
struct WeakWord {
    std::string_view word;
    const char* text;
};

constexpr WeakWord weak_words[] = {
    {"nokmem",
     "cgroup.memory=nokmem on the kernel's command line: what the kernel keeps for a desk (files, pipes, "
     "processes) is outside its memory limit; take it away"},
    {"nosocket",
     "cgroup.memory=nosocket on the kernel's command line: buffers of sockets are outside the memory "
     "limit; take it away"}};

std::string kernel_text(const std::string& path) { return core::find_file_text(path).value_or(""); }

void look_at_command_line(std::vector<Finding>& findings, std::string_view line) {
    constexpr std::string_view key = "cgroup.memory=";
    for (const auto argument : core::split(core::trim(line), ' ')) {
        if (!argument.starts_with(key)) continue;
        const auto given = core::split(argument.substr(key.size()), ',');
        for (const auto& [word, text] : weak_words)
            if (std::ranges::count(given, word) > 0) findings.push_back({Health::weak, "memory limit", text});
    }
}

/// Lines "9:memory:/…" (cgroups(7)): the controller is v1's.
bool has_memory_of_v1(std::string_view groups) {
    return std::ranges::any_of(core::split(groups, '\n'),
                               [](std::string_view line) { return line.contains(":memory:"); });
}

}  // namespace

std::vector<Finding> examine_borders(const std::string& root) {
    std::vector<Finding> findings;
    for (const auto& [path, weak, subject, text] : weak_values)
        if (core::trim(kernel_text(root + path)) == weak) findings.push_back({Health::weak, subject, text});
    look_at_command_line(findings, kernel_text(root + "/proc/cmdline"));
    if (has_memory_of_v1(kernel_text(root + "/proc/self/cgroup")))
        findings.push_back(
            {Health::weak, "memory limit",
             "by cgroup v1, which counts what sockets hold apart, with up to 64 MiB more for each "
             "desk: systemd.unified_cgroup_hierarchy=1 on the kernel's command line gives v2"});
    return findings;
}

}  // namespace carrel::app
