// An internet of network namespaces: a "host", in which this process is while the object lives, and
// the "world" around it, which answers on every address that a desk should or should not reach.
//
//   desk --cable-- host 203.0.113.2 ------ 203.0.113.1  world: the internet, 203.0.113.10 and .53,
//                       192.168.50.1 ----- 192.168.50.2        a neighbour in the local network,
//                                                               169.254.169.254, 100.64.0.9, 10.9.9.9
//
// Web servers answer "ADDRESS for PEER", the host's too. Name servers: .53 answers, .54 never does,
// .55 refuses without the question.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/fd.hpp"

namespace carrel::test {

class MadeUpInternet {
public:
    /// `name_servers`: lines of the host's /etc/resolv.conf.
    explicit MadeUpInternet(const std::vector<std::string>& name_servers = {"203.0.113.53"});
    /// Goes back to where the process was; the made-up namespaces vanish.
    ~MadeUpInternet();
    MadeUpInternet(const MadeUpInternet&) = delete;
    MadeUpInternet& operator=(const MadeUpInternet&) = delete;

    /// Runs a command in the world; see run_command.
    std::string in_world(const std::string& command) const;

    /// Everything that networks leave behind on the host, as text: interfaces, addresses, routes, rules.
    static std::string inventory();

private:
    core::Fd network_;  ///< where this process was before
    core::Fd mounts_;
    std::string resolv_conf_;
    pid_t world_ = -1;
    pid_t host_ = -1;  ///< the host's own web server
};

/// Runs a command; its standard output. Fails the test when the command fails.
std::string run_command(const std::string& command);

/// A question, as bytes of RFC 1035; `type`: 1 is A. With its length before it over TCP.
std::string make_query(const std::string& name, std::uint8_t type, bool over_tcp);

/// What 198.19.255.254 answers from the host's own side to a question, as raw bytes; "" after some seconds.
/// With a number before it over TCP.
std::string ask_name(const std::string& name, bool over_tcp, std::uint8_t type = 1);

}  // namespace carrel::test
