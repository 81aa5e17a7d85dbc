// The host's own name servers, from resolv.conf(5).
#pragma once

#include <netinet/in.h>
#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace carrel::jail::dns {

constexpr std::uint16_t dns_port = 53;

/// Of either family.
union ServerAddress {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;

    socklen_t size() const { return any.sa_family == AF_INET ? sizeof v4 : sizeof v6; }
};

/// "192.0.2.1" or "2001:db8::1".
std::string to_text(const ServerAddress& server);

/// The first three name servers that the text names, dns_port, without `ourselves`; 127.0.0.1 when
/// there is none, as resolv.conf(5) says. Pure.
std::vector<ServerAddress> parse_servers(std::string_view text, std::string_view ourselves);

/// What the file says now: read again when it was changed or replaced.
class Servers {
public:
    /// `ourselves`: never asked, so that no question goes in a circle.
    Servers(std::string path, std::string ourselves);
    const std::vector<ServerAddress>& now();

private:
    std::string path_;
    std::string ourselves_;
    struct stat seen_{};
    std::vector<ServerAddress> servers_;
};

}  // namespace carrel::jail::dns
