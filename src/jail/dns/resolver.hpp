// `carrel-jail dns`: answers desks' questions for names by asking the host's own name servers.
//
// A process of its own that outlives server and jail, so that desks find names while both are down.
// It binds its sockets as root and is then a user of its own, without capabilities, behind walls that leave
// it /etc and port 53 (core/landlock.hpp), under an allow-list of system calls: what it reads comes from
// desks and from the internet.
#pragma once

#include <sys/types.h>

#include <string>

namespace carrel::jail::dns {

struct Options {
    std::string lock;     ///< the network's file, see host/network.hpp
    std::string address;  ///< IPv4
    uid_t uid = 0;
    gid_t gid = 0;
    int ready = -1;  ///< told "ok" once names are answered, or why not
};

/// Serves until it is killed.
[[noreturn]] void run(const Options& options);

}  // namespace carrel::jail::dns
