#include "tests/privileged/networked_desk.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/sys.hpp"
#include "tests/privileged/made_up_internet.hpp"

namespace carrel::test {

using core::checked;
using core::Fd;

NetworkedDesk::NetworkedDesk(JailUnderTest& owner) : jail{owner}, spec{owner.spec()} {
    spec.network = jail::wire::Network::internet;
    const auto answer = jail.start(spec).answer;
    pid = static_cast<pid_t>(answer.get_number("pid"));
    cable = jail::network::cable_of(static_cast<std::uint32_t>(answer.get_number("uid_base")));
}

std::uint32_t NetworkedDesk::inside(const std::function<std::uint32_t()>& what) const {
    int ends[2];
    checked("pipe", ::pipe(ends));
    const auto child = checked("fork", ::fork());
    if (child == 0) {
        const Fd network = core::open_file(fmt::format("/proc/{}/ns/net", pid), O_RDONLY);
        checked("setns", ::setns(network.get(), CLONE_NEWNET));
        checked("setresuid", ::setresuid(65534, 65534, 65534));
        const auto answer = what();
        (void)!::write(ends[1], &answer, sizeof answer);
        ::_exit(0);
    }
    ::close(ends[1]);
    std::uint32_t answer = 0;
    const auto count = ::read(ends[0], &answer, sizeof answer);
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    REQUIRE(count == sizeof answer);
    return answer;
}

std::string NetworkedDesk::as_root(const std::string& command) const {
    return run_command(fmt::format("nsenter -t {} -n sh -c '{}'", pid, command));
}

bool NetworkedDesk::reaches_web() const {
    return jail.shell(spec.id, R"(printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 5 203.0.113.10 80)")
               .find(" for ") != std::string::npos;
}

sockaddr_in place(std::uint32_t address, std::uint32_t port) {
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_port = htons(static_cast<std::uint16_t>(port));
    there.sin_addr.s_addr = htonl(address);
    return there;
}

bool send_to(int socket, const sockaddr_in& there) {
    return ::sendto(socket, "0123456789abcdef", 16, 0, reinterpret_cast<const sockaddr*>(&there),
                    sizeof there) > 0;
}

Fd open_datagrams() { return Fd{checked("socket", ::socket(AF_INET, SOCK_DGRAM, 0))}; }

}  // namespace carrel::test
