#include "jail/desks/kept.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "jail/desks/removal.hpp"
#include "jail/plan/plan.hpp"

namespace carrel::jail::desks {

namespace {

using core::checked;
using core::Code;
using core::Error;

std::string identity_in(const std::string& folder) { return folder + "/identity.json"; }
std::string mark_in(const std::string& folder) { return folder + "/kept.json"; }

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

void move_to(const std::string& from, const std::string& to) {
    // Both are root's, and `to` is not there: else the kernel refuses to replace what is not empty.
    checked(fmt::format("move {} to {}", from, to), ::rename(from.c_str(), to.c_str()));
}

}  // namespace

std::vector<std::string> list_kept(const plan::HostFacts& facts) { return ids_in(facts.data + "/asleep"); }

bool has_kept(const plan::HostFacts& facts, const std::string& id) {
    return exists(plan::kept_folder(facts, id));
}

Identity read_kept(const plan::HostFacts& facts, const std::string& id) {
    const auto path = identity_in(plan::kept_folder(facts, id));
    const auto text = core::find_file_text(path);
    if (!text)
        throw Error{Code::not_found, fmt::format("no files of desk {} are kept", id), "nothing_to_keep"};
    auto identity = parse_identity(*text);
    if (!identity) throw identity.error().during(path);
    return *std::move(identity);
}

bool can_keep(const plan::HostFacts& facts, const Identity& identity) {
    return identity.disk_way != disk_own || exists(plan::disk_file(plan::desk_folder(facts, identity.id)));
}

void keep_files(const plan::HostFacts& facts, const std::string& id, const Identity& identity) {
    const auto boot = core::read_file("/proc/sys/kernel/random/boot_id");
    if (identity.process.boot != core::trim(boot))
        throw Error{Code::conflict,
                    fmt::format("desk {} ended with the machine: what it wrote last may be missing", id),
                    "nothing_to_keep"};
    move_to(plan::desk_folder(facts, id), plan::kept_folder(facts, id));
}

void take_files(const plan::HostFacts& facts, const std::string& id) {
    const auto kept = plan::kept_folder(facts, id);
    // Two names first, so that at no moment a folder of a desk has another identity and no mark.
    if (::link(identity_in(kept).c_str(), mark_in(kept).c_str()) < 0 && errno != EEXIST)
        throw core::system_error("mark " + kept, errno);
    const auto folder = plan::desk_folder(facts, id);
    move_to(kept, folder);
    checked("unmark " + folder, ::unlink(identity_in(folder).c_str()));
}

void note_taken(const plan::HostFacts& facts, const std::string& id) {
    const auto mark = mark_in(plan::desk_folder(facts, id));
    if (::unlink(mark.c_str()) < 0 && errno != ENOENT) throw core::system_error("remove " + mark, errno);
}

bool are_taken(const plan::HostFacts& facts, const std::string& id) {
    return exists(mark_in(plan::desk_folder(facts, id)));
}

void bring_back(const plan::HostFacts& facts, const std::string& id) {
    if (!are_taken(facts, id)) return;
    const auto folder = plan::desk_folder(facts, id);
    checked("mark " + folder, ::rename(mark_in(folder).c_str(), identity_in(folder).c_str()));
    move_to(folder, plan::kept_folder(facts, id));
}

}  // namespace carrel::jail::desks
