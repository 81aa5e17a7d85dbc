// Which ranges of user ids, and with them interfaces and addresses (network/cable.hpp), the desks of this
// host have: of every server on it, each with a data directory of its own.
//
// A range is claimed before its desk is made and given back once nothing of the desk is left. A claim is a
// symbolic link in a folder that all jails share, since one call makes it with what it says, or finds that
// another was first:
//
//   /run/carrel-ranges/30518 -> BOOT DEVICE:INODE DESK /var/lib/carrel
//
// It outlives its jail, as the desk does. A starting jail sweeps away what nobody needs any more: claims from
// before the last boot, of desks that are no more, and of data directories that are gone.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace carrel::jail::host {

/// Range `n` is the ids from n * 65536 on.
using Range = std::uint32_t;

/// Ranges that show on this host, whoever has them: by the users of its processes and by interfaces of desks.
std::set<Range> ranges_in_use();

class Ranges {
public:
    /// Sweeps `folder`, which is made when it is missing; by one jail at a time (cgroup::wait_for_turn).
    /// `data`: the data directory; `uid_base`: no range begins below; `in_use`: see ranges_in_use. Throws
    /// conflict when the folder is not ours alone.
    Ranges(std::string folder, std::string data, std::uint32_t uid_base, const std::set<Range>& in_use);

    /// The id before them all: no desk's, and neither a person's nor a service's of the host.
    std::uint32_t id_before() const;
    /// Claims a range for the desk `id`: its first user id. That of `slot`, or the next one that is free.
    /// Throws exhausted when there is none.
    std::uint32_t take(const std::string& id, std::uint32_t slot);
    /// For a living desk that an earlier jail made, perhaps one that wrote no claims.
    void keep(const std::string& id, std::uint32_t first_id);
    /// No error when it has none.
    void give_back(const std::string& id);

private:
    bool claim(Range range, const std::string& id);
    bool is_needed(Range range, const std::string& target, const std::set<Range>& in_use);
    void sweep(const std::set<Range>& in_use);

    std::string folder_;
    std::string data_;
    Range first_;
    std::string boot_;
    std::string owner_;
    std::map<std::string, std::vector<Range>> ours_;  ///< by desk
    std::set<Range> strangers_;                       ///< in use when we started, and nobody claims them
};

}  // namespace carrel::jail::host
