// What all desks' networks share on the host: forwarding, the table `inet carrel`, the resolver's
// address on the loopback interface and `carrel-jail dns` behind it.
//
// It is made when the first desk with internet is about to start and looked after before every other
// one (somebody may have flushed the rules, or the resolver died). Several servers on a host share
// it; the last jail that ends removes it, unless desks live on. One file in /run, named after the
// network namespace, says which interfaces were switched to forwarding, and holds three locks (fcntl(2);
// the kernel lets go of them when a process dies):
//
//   byte 0   whoever makes or removes the shared parts, for that moment
//   byte 1   `carrel-jail dns`, as long as it runs: so its pid is known
//   byte 2   every jail that uses the shared parts, for reading, as long as it runs
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "jail/network/cable.hpp"

namespace carrel::jail::host {

/// Whether desks can have internet here, found by trying in a network namespace that goes away
/// again; nothing of the host is changed. `warnings` say what is missing and what to do.
bool can_have_internet(std::vector<std::string>& warnings);

class HostNetwork {
public:
    /// `resolver_id`: user and group of the resolver, nobody else's.
    explicit HostNetwork(std::uint32_t resolver_id);

    /// Makes what is missing. Throws what and why.
    network::Facts prepare();
    /// After a desk's end: removes its cable, behind everybody's back. The kernel does that too, but
    /// not while a connection of the desk still has bytes to send; and both wait for the kernel's
    /// lock of all networks, for many milliseconds when several desks end. "" is no error.
    void disconnect(const std::string& interface);
    /// Takes the cable of a living desk away before it returns; what the host remembers of its flows goes
    /// behind.
    void cut(const std::string& interface);
    /// At the jail's start: prepare(), if desks of an earlier one need it.
    void resume();
    /// At the jail's end: removes all of it, unless another jail or a desk needs it.
    void close();

private:
    void reap_removers(bool wait);
    void enter();
    void make_shared_parts();
    void remove_shared_parts();

    std::uint32_t resolver_id_;
    std::string path_;
    core::Fd file_;
    std::vector<pid_t> removers_;
    /// The interfaces of which the table speaks that is there by us; nothing: an older version's may be
    /// there.
    std::optional<std::vector<std::string>> judged_;
};

}  // namespace carrel::jail::host
