// Removing desks: everything by which one shows on the host, and files behind everybody's back.
#pragma once

#include <string>
#include <vector>

#include "jail/plan/facts.hpp"

namespace carrel::jail::desks {

/// Renames the folder away, to be deleted by empty_trash; fine when it is not there. `name`: what it is
/// called in the trash, with some digits.
void move_to_trash(const plan::HostFacts& facts, const std::string& folder, const std::string& name);

/// Ids of all desk directories.
std::vector<std::string> list_desks(const plan::HostFacts& facts);

/// The ids that are names in `folder`.
std::vector<std::string> ids_in(const std::string& folder);

/// Removes what is left of a dead desk but for its files: endpoint, groups. Nothing left is no error. False
/// when a group still holds a dying process: ask again.
bool remove_surroundings(const plan::HostFacts& facts, const std::vector<cgroup::Hierarchy>& hierarchies,
                         const std::string& id);
/// And its directory, or its kept files, which are renamed into the trash.
bool remove_traces(const plan::HostFacts& facts, const std::vector<cgroup::Hierarchy>& hierarchies,
                   const std::string& id);

/// Starts a process that deletes what is in the trash now, at the lowest priority. Its pid, or -1
/// when the trash is empty; the caller reaps it.
pid_t empty_trash(const std::string& data);

/// Once at the start: sockets and groups whose desk has no directory.
void remove_strays(const plan::HostFacts& facts);

}  // namespace carrel::jail::desks
