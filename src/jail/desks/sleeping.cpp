// What a jail does for desks that sleep.
#include <fmt/format.h>
#include <unistd.h>

#include "core/log.hpp"
#include "jail/desks/desks.hpp"
#include "jail/desks/kept.hpp"
#include "jail/desks/removal.hpp"
#include "jail/process/deadline.hpp"

namespace carrel::jail::desks {

using core::Code;
using core::Error;

wire::Spec Desks::with_kept_files(wire::Spec spec) {
    facts_.has_kept_disk = false;
    if (!spec.has_kept_files) return spec;
    const auto kept = read_kept(facts_, spec.id);
    spec.image = kept.image;
    spec.image_hash = kept.image_hash;
    spec.limits.disk = kept.disk;
    facts_.has_kept_disk = kept.disk_way == disk_own;
    return spec;
}

bool Desks::try_to_keep(Stopping& stopping) {
    const auto& id = stopping.id;
    if (const auto known = known_.find(id); known != known_.end()) stock_.put_away(known->second.disk.end());
    const auto folder = plan::desk_folder(facts_, id);
    if (are_taken(facts_, id)) bring_back(facts_, id);
    if (::access(folder.c_str(), F_OK) < 0) {
        read_kept(facts_, id);
        return true;
    }
    const auto identity = read_identity(folder, id);
    if (!identity) throw Error{Code::conflict, identity.error().message(), "nothing_to_keep"};
    stopping.is_flushing = disks::is_in_use(plan::disk_file(folder));
    if (stopping.is_flushing) return false;
    if (!can_keep(facts_, *identity))
        throw Error{Code::conflict, fmt::format("desk {} has a disk that has no name: it cannot be kept", id),
                    "nothing_to_keep"};
    keep_files(facts_, id, *identity);
    return true;
}

/// An earlier jail was cut while it made a desk of kept files.
void Desks::take_back(const std::string& id) {
    try {
        cgroup::kill_groups(facts_.hierarchies, id);
        const process::Deadline deadline{std::chrono::seconds{1}};
        bring_back(facts_, id);
        while (!remove_surroundings(facts_, facts_.hierarchies, id)) deadline.pause("removing cgroups");
        core::log_info("{} sleeps on: it was not yet made anew", id);
    } catch (const Error& error) {
        core::log_error("the files of {} cannot be brought back: {}", id, error.message());
    }
}

}  // namespace carrel::jail::desks
