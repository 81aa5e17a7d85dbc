#include "jail/dns/servers.hpp"

#include <doctest/doctest.h>

using namespace carrel::jail::dns;

namespace {

std::vector<std::string> names_in(std::string_view text) {
    std::vector<std::string> names;
    for (const auto& server : parse_servers(text, "198.19.255.254")) names.push_back(to_text(server));
    return names;
}

}  // namespace

TEST_CASE("Name servers are found in resolv.conf as the C library finds them") {
    using Names = std::vector<std::string>;
    struct Case {
        const char* text;
        Names servers;
    };
    for (const auto& [text, servers] : {
             Case{"nameserver 192.0.2.1\n", {"192.0.2.1"}},
             Case{"# nameserver 1.1.1.1\nsearch a\n\tnameserver\t192.0.2.1 \n", {"192.0.2.1"}},
             Case{"nameserver 2001:db8::1\nnameserver 192.0.2.1", {"2001:db8::1", "192.0.2.1"}},
             Case{"nameserver 0.0.0.1\nnameserver 0.0.0.2\nnameserver 0.0.0.3\nnameserver 0.0.0.4",
                  {"0.0.0.1", "0.0.0.2", "0.0.0.3"}},
             Case{"nameserver nonsense\nnameservers 192.0.2.1\nnameserver\n", {"127.0.0.1"}},
             Case{"", {"127.0.0.1"}},
             Case{"nameserver 198.19.255.254\nnameserver 192.0.2.1", {"192.0.2.1"}},
         }) {
        CAPTURE(text);
        CHECK(names_in(text) == servers);
    }
}
