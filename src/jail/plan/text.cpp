// Plans as text: for `carrel desk plan` and for the golden files of the tests.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>
#include <sys/mount.h>

#include "core/text.hpp"
#include "jail/plan/plan.hpp"

namespace carrel::jail::plan {

namespace {

struct Flag {
    std::uint64_t bit;
    std::string_view name;
};

constexpr Flag namespace_flags[] = {{CLONE_NEWUSER, "user"}, {CLONE_NEWNS, "mount"}, {CLONE_NEWPID, "pid"},
                                    {CLONE_NEWIPC, "ipc"},   {CLONE_NEWUTS, "uts"},  {CLONE_NEWNET, "net"}};
constexpr Flag attribute_flags[] = {{MOUNT_ATTR_RDONLY, "ro"},
                                    {MOUNT_ATTR_NOSUID, "nosuid"},
                                    {MOUNT_ATTR_NODEV, "nodev"},
                                    {MOUNT_ATTR_NOEXEC, "noexec"}};

template <std::size_t count>
std::string names_of(std::uint64_t bits, const Flag (&flags)[count]) {
    std::vector<std::string_view> names;
    for (const auto& [bit, name] : flags)
        if (bits & bit) names.push_back(name);
    return fmt::format("{}", fmt::join(names, ","));
}

std::string on_one_line(std::string_view text) {
    std::string line;
    for (const char c : text) c == '\n' ? line += "\\n" : line += c;
    return line;
}

struct Describe {
    std::string operator()(const step::Folder& s) const {
        return fmt::format("folder {} {:04o}", s.path, s.mode);
    }
    std::string operator()(const step::Disk& s) const {
        return fmt::format("disk of {} bytes for what it writes, {}", s.room, s.file);
    }
    std::string operator()(const step::TakeFolder& s) const { return "take over the files of " + s.id; }
    std::string operator()(const step::KeptDisk& s) const { return "its disk as it was, " + s.file; }
    std::string operator()(const step::ClearLayer& s) const { return "clear " + s.path + " of its layer"; }
    std::string operator()(const step::LayerFolder& s) const { return "folder " + s.path + " of its layer"; }
    std::string operator()(const step::TextFile& s) const {
        return fmt::format("file {} of its layer \"{}\"", s.path, on_one_line(s.text));
    }
    std::string operator()(const step::Listen& s) const {
        return fmt::format("listen at {} for {}:{}", s.path, s.uid, s.gid);
    }
    std::string operator()(const step::LogFile& s) const {
        return fmt::format("log {} of {} bytes, read by group {}", s.path, s.size, s.gid);
    }
    std::string operator()(const step::Group& s) const { return "cgroup " + s.folder; }
    std::string operator()(const step::Setting& s) const {
        return fmt::format("set {} = {}{}{}", s.file, s.value,
                           s.without.empty() ? "" : ", else warn: ", s.without);
    }
    std::string operator()(const step::Nodes& s) const {
        return fmt::format("make devices {} of {}", fmt::join(s.names, " "), s.owner);
    }
    std::string operator()(const step::Clone& s) const {
        return fmt::format("clone {}{}{}, owned by {}", names_of(s.namespaces, namespace_flags),
                           s.group.empty() ? "" : " into ", s.group, s.owner);
    }
    std::string operator()(const step::MapIds& s) const {
        return fmt::format("map ids 0 to {} ({})", s.first, s.count);
    }
    std::string operator()(const step::Overlay& s) const {
        return fmt::format("overlay of {} below {}/upper, layers idmapped to {}, by {}",
                           fmt::join(s.lowers, " "), s.folder, s.first_id,
                           s.by_descriptor ? "descriptors" : "paths");
    }
    std::string operator()(const step::Expendable& s) const { return fmt::format("oom score {}", s.score); }
    std::string operator()(const step::SendRoot&) const { return "send the root"; }
    std::string operator()(const step::SendTree& s) const {
        return fmt::format("send {} of workspace {}{}{}", s.part, s.folder,
                           s.skeleton.empty() ? "" : ", at first as ", s.skeleton);
    }
    std::string operator()(const step::ConnectNetwork& s) const { return to_text(s); }
    std::string operator()(const step::Attach& s) const { return "attach to " + s.group; }
    std::string operator()(const step::Record& s) const { return "record in " + s.path; }
    std::string operator()(const step::LetGo&) const { return "let go"; }
    std::string operator()(const step::TakeRoot&) const { return "take the root"; }
    std::string operator()(const step::BecomeRoot&) const { return "become 0 of the namespace"; }
    std::string operator()(const step::Filesystem& s) const {
        std::string options;
        for (const auto& [key, value] : s.options) options += fmt::format(" {}={}", key, value);
        return fmt::format("mount {} at {} {}{}", s.type, s.at, names_of(s.attributes, attribute_flags),
                           options);
    }
    std::string operator()(const step::PlaceNodes& s) const { return "attach the devices at " + s.at; }
    std::string operator()(const step::TakeTree& s) const { return "attach of the workspace at " + s.at; }
    std::string operator()(const step::Device& s) const { return "device " + s.path; }
    std::string operator()(const step::Hide& s) const { return "hide " + s.path; }
    std::string operator()(const step::ReadOnly& s) const { return "only for reading: " + s.path; }
    std::string operator()(const step::Link& s) const {
        return fmt::format("link {} -> {}", s.path, s.target);
    }
    std::string operator()(const step::InnerFolder& s) const {
        return fmt::format("folder {} {:04o} of {}", s.path, s.mode, s.owner);
    }
    std::string operator()(const step::Pivot&) const { return "pivot, and lose sight of the host"; }
    std::string operator()(const step::Hostname& s) const { return "hostname " + s.name; }
    std::string operator()(const step::ConfigureNetwork& s) const { return to_text(s); }
    std::string operator()(const step::KernelValue& s) const {
        return fmt::format("set {} = {}", s.path, s.value);
    }
    std::string operator()(const step::ResourceLimit& s) const {
        return fmt::format("limit {} {}", s.name, s.most);
    }
    std::string operator()(const step::AwaitGo&) const { return "await go"; }
    std::string operator()(const step::HideGroups&) const { return "new cgroup namespace"; }
    std::string operator()(const step::DropCapabilities&) const { return "drop all capabilities"; }
    std::string operator()(const step::BecomeUser& s) const {
        return fmt::format("become {}:{}", s.uid, s.gid);
    }
    std::string operator()(const step::NewKeyring&) const { return "new session keyring"; }
    std::string operator()(const step::NoNewPrivileges&) const { return "no new privileges"; }
    std::string operator()(const step::FilterCalls&) const { return "filter system calls"; }
    std::string operator()(const step::Run& s) const {
        return fmt::format("run {} with {}", fmt::join(s.arguments, " "), fmt::join(s.environment, " "));
    }
    std::string operator()(const HostStep& s) const { return "host  " + std::visit(*this, s); }
    std::string operator()(const DeskStep& s) const { return "desk  " + std::visit(*this, s); }
};

}  // namespace

std::string to_text(const Plan& plan) {
    std::string text;
    for (const auto& step : plan.steps) text += std::visit(Describe{}, step) + "\n";
    for (const auto& warning : plan.warnings) text += "warn  " + warning + "\n";
    return text;
}

}  // namespace carrel::jail::plan
