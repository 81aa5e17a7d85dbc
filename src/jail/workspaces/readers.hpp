// Reading workspaces: what desks wrote may be anything, so a process does it that can do nothing else
// (confinement.hpp). It writes into a pipe, whose other end the server gets.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "core/fd.hpp"

namespace carrel::jail::workspaces {

/// Those that read now. They end by themselves when nobody reads what they write.
class Readers {
public:
    /// A tar stream of the workspace in `folder`: its files below "workspace/", its home below "home/". Only
    /// files, folders and symbolic links are in it. What cannot be is named by a last entry, "LEFT-OUT.txt".
    core::Fd archive(const std::string& folder);
    /// "NAME BYTES FILES MODIFIED\n" of every workspace in `folder`: bytes on disk, seconds since 1970.
    core::Fd list(const std::string& folder);

private:
    core::Fd begin(const std::string& folder, void (*read)());

    std::vector<pid_t> processes_;
};

}  // namespace carrel::jail::workspaces
