// Reading workspaces: what desks wrote may be anything, so a process does it that can do nothing else
// (confinement.hpp). It writes into a pipe, whose other end the server gets.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/fd.hpp"

namespace carrel::jail::workspaces {

/// Where the files of a workspace are.
struct Place {
    core::Fd folder;          ///< holds its parts
    std::uint64_t quota = 0;  ///< bytes; 0: none
};

/// Those that read now. They end by themselves when nobody reads what they write.
class Readers {
public:
    /// Opens the workspace in a folder of root's, or throws not_found. Called in a reader's process, before
    /// that gives up its rights: it may take its time.
    using Open = std::function<Place(const std::string& folder)>;

    explicit Readers(Open open) : open_{std::move(open)} {}

    /// A tar stream of the workspace in `folder`: its files below "workspace/", its home below "home/". Only
    /// files, folders and symbolic links are in it. What cannot be is named by a last entry, "LEFT-OUT.txt".
    /// This and the next throw exhausted when `owner` has as many readers as one may have, or all together.
    core::Fd archive(const std::string& owner, const std::string& folder);
    /// "NAME BYTES FILES MODIFIED QUOTA\n" of every workspace in `folder`: bytes on disk, seconds since 1970,
    /// bytes or 0.
    core::Fd list(const std::string& owner, const std::string& folder);

private:
    struct Reader {
        pid_t process;
        std::string owner;
    };

    /// `read` is given the pipe's other end.
    core::Fd begin(const std::string& owner, const std::function<void(int output)>& read);
    void refuse_too_many(const std::string& owner);

    Open open_;
    std::vector<Reader> readers_;
};

}  // namespace carrel::jail::workspaces
