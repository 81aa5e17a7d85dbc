#include "app/listener.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <sstream>

#include "core/error.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::app {

namespace {

/// The inode of whatever listens on `port`, by a table of /proc/net (proc(5): column 1 the local
/// address, column 3 the state, 0A is LISTEN, column 9 the inode).
std::string find_listening_inode(const std::string& table, std::uint16_t port) {
    std::istringstream lines{core::find_file_text(table, std::size_t{16} << 20).value_or("")};
    const std::string suffix = fmt::format(":{:04X}", port);
    std::string line;
    while (std::getline(lines, line)) {
        std::istringstream words{line};
        std::string word[10];
        for (auto& part : word) words >> part;
        if (word[1].ends_with(suffix) && word[3] == "0A") return word[9];
    }
    return {};
}

bool holds_socket(const std::filesystem::path& process, const std::string& link) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator{process / "fd", ignored})
        if (std::filesystem::read_symlink(entry.path(), ignored).string() == link) return true;
    return false;
}

/// "by carrel (process 1234)", or nothing when that cannot be seen.
std::string describe_owner(std::uint16_t port) {
    auto inode = find_listening_inode("/proc/net/tcp", port);
    if (inode.empty()) inode = find_listening_inode("/proc/net/tcp6", port);
    if (inode.empty()) return {};
    const std::string link = fmt::format("socket:[{}]", inode);
    std::error_code ignored;
    for (const auto& process : std::filesystem::directory_iterator{"/proc", ignored}) {
        const auto pid = process.path().filename().string();
        if (!core::parse_unsigned(pid) || !holds_socket(process.path(), link)) continue;
        const auto name = core::find_file_text((process.path() / "comm").string()).value_or("?\n");
        return fmt::format(" by {} (process {})", core::trim(name), pid);
    }
    return {};
}

}  // namespace

core::Fd open_listener(const Address& address) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0)
        throw core::Error{
            core::Code::invalid,
            fmt::format("{} is no numeric address; listen on one such as 127.0.0.1", address.host)};
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{found, ::freeaddrinfo};

    core::Fd socket{core::checked("make a socket",
                                  ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))};
    const int on = 1;
    core::checked("set SO_REUSEADDR", ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    if (::bind(socket.get(), found->ai_addr, found->ai_addrlen) < 0) {
        if (errno != EADDRINUSE) throw core::system_error("listen on " + to_text(address), errno);
        throw core::Error{
            core::Code::conflict,
            fmt::format("{} is in use already{}; end that, or choose another port with --listen",
                        to_text(address), describe_owner(address.port))};
    }
    core::checked("listen on " + to_text(address), ::listen(socket.get(), SOMAXCONN));
    return socket;
}

Address address_of(const core::Fd& listener, const Address& asked) {
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    core::checked("ask for the port",
                  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&bound), &size));
    const auto port = bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                                  : reinterpret_cast<sockaddr_in*>(&bound)->sin_port;
    return {asked.host, ntohs(port)};
}

}  // namespace carrel::app
