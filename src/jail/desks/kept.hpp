// The files of desks that sleep: DATA/asleep/<id>, a desk's folder without a desk. It wanders whole from
// there to DATA/desks and back; identity.json goes with it, and says of which image and in what the files
// are.
//
// A desk that is being made of kept files has kept.json, which is what identity.json was, until it is made.
// Whoever finds that in a desk that does not live brings the files back: no program of it has run.
#pragma once

#include <string>
#include <vector>

#include "jail/desks/identity.hpp"
#include "jail/plan/facts.hpp"

namespace carrel::jail::desks {

std::vector<std::string> list_kept(const plan::HostFacts& facts);
bool has_kept(const plan::HostFacts& facts, const std::string& id);
/// What the desk was. Throws not_found when no files of that id are kept.
Identity read_kept(const plan::HostFacts& facts, const std::string& id);

/// Whether the files of that living desk can be kept: not of one whose disk an older version made, without a
/// name.
bool can_keep(const plan::HostFacts& facts, const Identity& identity);
/// The folder of a desk that is dead, with nothing mounted that it holds, becomes kept files. Throws conflict
/// when it ended with an earlier run of this machine: what was written last may be missing then.
void keep_files(const plan::HostFacts& facts, const std::string& id, const Identity& identity);
/// Kept files become the folder of a desk that is being made.
void take_files(const plan::HostFacts& facts, const std::string& id);
/// It is made: they are its own.
void note_taken(const plan::HostFacts& facts, const std::string& id);
/// Whether a folder of a desk holds files that were taken and not yet its own.
bool are_taken(const plan::HostFacts& facts, const std::string& id);
/// And back: the desk that took them was not made. Fine when none has.
void bring_back(const plan::HostFacts& facts, const std::string& id);

}  // namespace carrel::jail::desks
