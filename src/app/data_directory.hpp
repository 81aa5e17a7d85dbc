// The data directory: who owns which part of it, and that one server has it at a time.
//
//     DIR                  root, 0755: names only; nobody but root can exchange a part of it
//     DIR/server/          carrel, 0700: carrel.db, blobs/
//     DIR/lock             root: names the server that has the directory
//     DIR/logs/            root and carrel's group, 0770: what desks' own programs say
//     DIR/{images,desks,endpoints,bin,trash}/   root: the jail's, see jail/host/data.hpp
#pragma once

#include <sys/types.h>

#include <string>

#include "core/fd.hpp"

namespace carrel::app {

/// The user that the server becomes.
struct User {
    uid_t uid = 0;
    gid_t gid = 0;
};

/// The system user `carrel`; throws Error that says how to make it.
User get_carrel_user();

class DataDirectory {
public:
    /// Makes what is missing, as root, and takes the lock; throws Error{conflict} that names the server
    /// which has it, or Error when the file system refuses. The lock is held as long as this lives.
    DataDirectory(std::string path, const User& user);

    const std::string& path() const { return path_; }
    std::string server() const { return path_ + "/server"; }
    std::string logs() const { return path_ + "/logs"; }

private:
    std::string path_;
    core::Fd lock_;
};

}  // namespace carrel::app
