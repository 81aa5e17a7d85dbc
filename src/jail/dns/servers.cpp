#include "jail/dns/servers.hpp"

#include <arpa/inet.h>

#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::jail::dns {

namespace {

constexpr std::size_t most_servers = 3;  // glibc's MAXNS

bool parse_address(const std::string& text, ServerAddress& server) {
    server = {};
    if (::inet_pton(AF_INET, text.c_str(), &server.v4.sin_addr) == 1) {
        server.v4.sin_family = AF_INET;
        server.v4.sin_port = htons(dns_port);
        return true;
    }
    if (::inet_pton(AF_INET6, text.c_str(), &server.v6.sin6_addr) != 1) return false;
    server.v6.sin6_family = AF_INET6;
    server.v6.sin6_port = htons(dns_port);
    return true;
}

bool is_same_file(const struct stat& left, const struct stat& right) {
    return left.st_dev == right.st_dev && left.st_ino == right.st_ino && left.st_size == right.st_size &&
           left.st_mtim.tv_sec == right.st_mtim.tv_sec && left.st_mtim.tv_nsec == right.st_mtim.tv_nsec;
}

}  // namespace

std::string to_text(const ServerAddress& server) {
    char text[INET6_ADDRSTRLEN];
    const void* const bytes = server.any.sa_family == AF_INET ? static_cast<const void*>(&server.v4.sin_addr)
                                                              : &server.v6.sin6_addr;
    return ::inet_ntop(server.any.sa_family, bytes, text, sizeof text);
}

std::vector<ServerAddress> parse_servers(std::string_view text, std::string_view ourselves) {
    std::vector<ServerAddress> servers;
    ServerAddress server;
    for (const auto line : core::split(text, '\n')) {
        constexpr std::string_view word = "nameserver";
        const auto trimmed = core::trim(line);
        if (!trimmed.starts_with(word) || trimmed.size() == word.size()) continue;
        const auto rest = trimmed.substr(word.size());
        if (rest[0] != ' ' && rest[0] != '\t') continue;
        const std::string name{core::trim(rest)};
        if (name != ourselves && servers.size() < most_servers && parse_address(name, server))
            servers.push_back(server);
    }
    if (servers.empty() && parse_address("127.0.0.1", server)) servers.push_back(server);
    return servers;
}

Servers::Servers(std::string path, std::string ourselves)
    : path_{std::move(path)}, ourselves_{std::move(ourselves)} {}

const std::vector<ServerAddress>& Servers::now() {
    struct stat status{};
    const bool is_there = ::stat(path_.c_str(), &status) == 0;
    // While a file is being replaced, what was known goes on to hold.
    if (!servers_.empty() && (!is_there || is_same_file(status, seen_))) return servers_;
    seen_ = status;
    servers_ = parse_servers(is_there ? core::find_file_text(path_).value_or("") : "", ourselves_);
    return servers_;
}

}  // namespace carrel::jail::dns
