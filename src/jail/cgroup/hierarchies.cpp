#include "jail/cgroup/hierarchies.hpp"

#include <algorithm>

#include "core/text.hpp"

namespace carrel::jail::cgroup {

namespace {

using core::split;

struct Mount {
    std::string_view root;   ///< which group of the tree is mounted
    std::string_view point;  ///< where
    std::string_view type;
    std::string_view options;  ///< of the file system: names v1 controllers
};

/// One line of mountinfo (proc_pid_mountinfo(5)); type is empty when the line is not one.
Mount parse_mount(std::string_view line) {
    const auto dash = line.find(" - ");
    if (dash == line.npos) return {};
    const auto before = split(line.substr(0, dash), ' ');
    const auto after = split(line.substr(dash + 3), ' ');
    if (before.size() < 6 || after.size() < 3) return {};
    return {before[3], before[4], after[0], after[2]};
}

struct Letter {
    char letter;
    bool Hierarchy::* member;
};
constexpr Letter letters[] = {{'m', &Hierarchy::memory},
                              {'c', &Hierarchy::cpu},
                              {'p', &Hierarchy::processes},
                              {'f', &Hierarchy::freezer}};

bool has_word(std::string_view words, char separator, std::string_view word) {
    return std::ranges::count(split(words, separator), word) > 0;
}

/// The folder of group `path` in a tree of which `mount` shows a part. A group outside that part
/// (a bind mount in a container) is shown as its top.
std::string folder_of(const Mount& mount, std::string_view path) {
    std::string folder{mount.point};
    if (mount.root == "/") return path == "/" ? folder : folder.append(path);
    const bool is_inside =
        path.starts_with(mount.root) && (path.size() == mount.root.size() || path[mount.root.size()] == '/');
    return is_inside ? folder.append(path.substr(mount.root.size())) : folder;
}

/// Path of the caller's group in the tree that has `controller`; "" asks for v2's line "0::PATH".
std::optional<std::string_view> find_group(std::string_view own_groups, std::string_view controller) {
    for (const auto line : split(own_groups, '\n')) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == line.npos || second == line.npos) continue;
        const auto controllers = line.substr(first + 1, second - first - 1);
        if (has_word(controllers, ',', controller)) return line.substr(second + 1);
    }
    return std::nullopt;
}

std::optional<std::string> find_v1_folder(std::string_view own_groups, std::string_view mounts,
                                          std::string_view controller) {
    const auto group = find_group(own_groups, controller);
    if (!group) return std::nullopt;
    for (const auto line : split(mounts, '\n')) {
        const auto mount = parse_mount(line);
        if (mount.type == "cgroup" && has_word(mount.options, ',', controller))
            return folder_of(mount, *group);
    }
    return std::nullopt;
}

Hierarchy& hierarchy_at(std::vector<Hierarchy>& found, const std::string& folder) {
    const auto known = std::ranges::find(found, folder, &Hierarchy::folder);
    if (known != found.end()) return *known;
    return found.emplace_back(Hierarchy{.folder = folder});
}

}  // namespace

std::optional<std::string> find_v2_folder(std::string_view own_groups, std::string_view mounts) {
    const auto group = find_group(own_groups, "");
    if (!group) return std::nullopt;
    for (const auto line : split(mounts, '\n')) {
        const auto mount = parse_mount(line);
        if (mount.type == "cgroup2") return folder_of(mount, *group);
    }
    return std::nullopt;
}

std::vector<Hierarchy> find_hierarchies(std::string_view own_groups, std::string_view mounts,
                                        std::string_view v2_controllers) {
    std::vector<Hierarchy> found;
    struct Wanted {
        std::string_view controller;
        bool Hierarchy::* member;
    };
    const auto v2 = find_v2_folder(own_groups, mounts);
    if (v2) {
        auto& tree = found.emplace_back(Hierarchy{.folder = *v2, .is_v2 = true, .freezer = true});
        const auto has = [&](std::string_view name) {
            return has_word(core::trim(v2_controllers), ' ', name);
        };
        tree.memory = has("memory");
        tree.cpu = has("cpu");
        tree.processes = has("pids");
    }
    for (const auto& [controller, member] :
         {Wanted{"memory", &Hierarchy::memory}, Wanted{"cpu", &Hierarchy::cpu},
          Wanted{"pids", &Hierarchy::processes}, Wanted{"freezer", &Hierarchy::freezer}}) {
        if (std::ranges::any_of(found, member)) continue;
        if (const auto folder = find_v1_folder(own_groups, mounts, controller))
            hierarchy_at(found, *folder).*member = true;
    }
    return found;
}

std::vector<std::string> missing_groups(const std::vector<Hierarchy>& hierarchies) {
    struct Wanted {
        bool Hierarchy::* member;
        const char* sentence;
    };
    constexpr Wanted all[] = {
        {&Hierarchy::memory, "no memory limit: this host has no memory cgroup that desks can use"},
        {&Hierarchy::cpu, "no processor limit: this host has no cpu cgroup that desks can use"},
        {&Hierarchy::processes, "no pids cgroup: processes are limited by RLIMIT_NPROC only"},
        {&Hierarchy::freezer, "desks cannot be frozen: this host has no cgroup freezer"}};
    std::vector<std::string> sentences;
    for (const auto& [member, sentence] : all)
        if (std::ranges::none_of(hierarchies, member)) sentences.emplace_back(sentence);
    return sentences;
}

std::string format_hierarchies(const std::vector<Hierarchy>& hierarchies) {
    std::string text;
    for (const auto& tree : hierarchies) {
        text += text.empty() ? "" : " ";
        text += tree.is_v2 ? '2' : '1';
        for (const auto& [letter, member] : letters)
            if (tree.*member) text += letter;
        text += ":" + tree.folder;
    }
    return text;
}

std::vector<Hierarchy> parse_hierarchies(std::string_view text) {
    std::vector<Hierarchy> hierarchies;
    for (const auto part : split(text, ' ')) {
        const auto colon = part.find(":/");
        if (colon == part.npos || colon == 0) continue;
        Hierarchy tree{.folder = std::string{part.substr(colon + 1)}, .is_v2 = part[0] == '2'};
        for (const auto& [letter, member] : letters)
            tree.*member = part.substr(1, colon - 1).contains(letter);
        hierarchies.push_back(std::move(tree));
    }
    return hierarchies;
}

}  // namespace carrel::jail::cgroup
