#include "jail/host/ranges.hpp"

#include <fmt/format.h>
#include <net/if.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "jail/network/cable.hpp"
#include "jail/wire/spec.hpp"

namespace carrel::jail::host {

namespace {

namespace fs = std::filesystem;
using core::checked;

/// Before that of the resolver's address (network/rules.hpp).
constexpr Range last_range = 65534;

struct Claim {
    std::string_view boot;
    std::string_view owner;
    std::string_view desk;
    std::string_view data;
};

std::optional<Claim> parse_claim(std::string_view text) {
    Claim claim;
    for (auto* const word : {&claim.boot, &claim.owner, &claim.desk}) {
        const auto end = text.find(' ');
        if (end == text.npos) return std::nullopt;
        *word = text.substr(0, end);
        text.remove_prefix(end + 1);
    }
    claim.data = text;
    return claim;
}

/// A directory, however its path is written; "" when there is none.
std::string name_of_directory(const std::string& path) {
    struct stat status;
    if (::stat(path.c_str(), &status) < 0) return "";
    return fmt::format("{}:{}", status.st_dev, status.st_ino);
}

void open_folder(const std::string& folder) {
    if (::mkdir(folder.c_str(), 0700) < 0 && errno != EEXIST)
        throw core::system_error("make " + folder, errno);
    struct stat status;
    checked("stat " + folder, ::lstat(folder.c_str(), &status));
    if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 022) != 0)
        throw core::Error{core::Code::conflict,
                          fmt::format("{} must be a directory in which only root writes: remove it", folder)};
}

std::vector<Range> claimed_in(const std::string& folder) {
    std::vector<Range> ranges;
    for (const auto& entry : fs::directory_iterator{folder})
        if (const auto number = core::parse_unsigned(entry.path().filename().string());
            number && *number <= last_range)
            ranges.push_back(static_cast<Range>(*number));
    return ranges;
}

}  // namespace

std::set<Range> ranges_in_use() {
    std::set<Range> ranges;
    for (const auto& entry : fs::directory_iterator{"/proc"}) {
        struct stat status;
        // Of a process that cannot be traced the owner is its namespace's root, which is of the same range.
        if (core::parse_unsigned(entry.path().filename().string()) &&
            ::stat(entry.path().c_str(), &status) == 0 && status.st_uid >= wire::ids_per_desk)
            ranges.insert(status.st_uid / wire::ids_per_desk);
    }
    for (const auto& name : network::list_links())
        if (const auto cable = network::find_cable(name)) ranges.insert(cable->range);
    return ranges;
}

Ranges::Ranges(std::string folder, std::string data, std::uint32_t uid_base, const std::set<Range>& in_use)
    : folder_{std::move(folder)},
      data_{std::move(data)},
      // Whole ranges only, so that servers with different bases do not overlap by halves.
      first_{(uid_base + wire::ids_per_desk - 1) / wire::ids_per_desk},
      boot_{core::trim(core::read_file("/proc/sys/kernel/random/boot_id"))},
      owner_{name_of_directory(data_)} {
    open_folder(folder_);
    sweep(in_use);
}

std::uint32_t Ranges::id_before() const { return first_ * wire::ids_per_desk - 1; }

bool Ranges::claim(Range range, const std::string& id) {
    const auto path = fmt::format("{}/{}", folder_, range);
    const auto text = fmt::format("{} {} {} {}", boot_, owner_, id, data_);
    if (::symlink(text.c_str(), path.c_str()) < 0) {
        if (errno == EEXIST) return false;
        throw core::system_error("claim user ids in " + folder_, errno);
    }
    ours_[id].push_back(range);
    return true;
}

std::uint32_t Ranges::take(const std::string& id, std::uint32_t slot) {
    const auto count = last_range - first_ + 1;
    for (std::uint32_t i = 0; i < count; ++i) {
        const Range range = first_ + (slot + i) % count;
        const auto first_id = range * wire::ids_per_desk;
        // The interface of a dead desk is taken apart behind everybody's back.
        const bool is_free = !strangers_.contains(range) &&
                             ::if_nametoindex(network::cable_of(first_id).interface.c_str()) == 0;
        if (is_free && claim(range, id)) return first_id;
    }
    throw core::Error{core::Code::exhausted,
                      fmt::format("every range of user ids from {} up is another desk's", first_)};
}

void Ranges::keep(const std::string& id, std::uint32_t first_id) {
    if (ours_.contains(id)) return;
    const Range range = first_id / wire::ids_per_desk;
    claim(range, id);
    // Ranges once began anywhere.
    if (first_id % wire::ids_per_desk != 0) claim(range + 1, id);
}

void Ranges::give_back(const std::string& id) {
    const auto found = ours_.find(id);
    if (found == ours_.end()) return;
    for (const auto range : found->second) ::unlink(fmt::format("{}/{}", folder_, range).c_str());
    ours_.erase(found);
}

bool Ranges::is_needed(Range range, const std::string& target, const std::set<Range>& in_use) {
    const auto claim = parse_claim(target);
    if (!claim || claim->boot != boot_) return false;
    if (claim->owner != owner_)
        return in_use.contains(range) || name_of_directory(std::string{claim->data}) == claim->owner;
    if (!in_use.contains(range) && !fs::exists(fmt::format("{}/desks/{}", data_, claim->desk))) return false;
    ours_[std::string{claim->desk}].push_back(range);
    return true;
}

void Ranges::sweep(const std::set<Range>& in_use) {
    strangers_ = in_use;
    for (const auto range : claimed_in(folder_)) {
        const auto path = fmt::format("{}/{}", folder_, range);
        std::error_code gone;
        const auto target = fs::read_symlink(path, gone).string();
        if (!is_needed(range, target, in_use))
            ::unlink(path.c_str());
        else
            strangers_.erase(range);
    }
}

}  // namespace carrel::jail::host
