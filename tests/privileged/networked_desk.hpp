// A desk with internet, for tests that do in its network what its programs could do.
#pragma once

#include <netinet/in.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "core/fd.hpp"
#include "jail/network/cable.hpp"
#include "tests/privileged/jail_under_test.hpp"

namespace carrel::test {

struct NetworkedDesk {
    explicit NetworkedDesk(JailUnderTest& owner);

    /// Runs `what` in a process without privileges in the desk's network; its answer.
    std::uint32_t inside(const std::function<std::uint32_t()>& what) const;
    /// A command of the host's in the desk's network, as root.
    std::string as_root(const std::string& command) const;
    /// Whether a program of the desk is answered by 203.0.113.10.
    bool reaches_web() const;
    void stop() const { jail.stop(spec.id); }

    JailUnderTest& jail;
    jail::wire::Spec spec;
    pid_t pid;
    jail::network::Cable cable;
};

sockaddr_in place(std::uint32_t address, std::uint32_t port);
/// Sixteen bytes; false when they may not leave.
bool send_to(int socket, const sockaddr_in& there);
core::Fd open_datagrams();

}  // namespace carrel::test
