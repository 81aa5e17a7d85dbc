#include "desk/init/netlink.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

using namespace carrel::desk;

TEST_CASE("The kernel's list of protocols tells how many netlink sockets there are") {
    const std::string head =
        "protocol  size sockets  memory press maxhdr  slab module     cl co di ac io in de sh ss gs se re\n";
    const auto line = [](const std::string& name, const std::string& count) {
        return name + "      1096     " + count +
               "      -1   NI       0   no   kernel      n  n  n  n  n  n\n";
    };
    struct Case {
        std::string text;
        std::optional<std::size_t> expected;
    };
    const Case cases[] = {
        {head + line("UNIX", "7") + line("NETLINK", "50") + line("TCP", "3"), 50},
        {head + line("NETLINK", "0"), 0},
        {head + line("NETLINK2", "9") + line("NETLINK", "131072"), 131072},
        {"NETLINK 1096 4", 4},
        {head + line("UNIX", "7"), std::nullopt},
        {head + line("NETLINK", "-1"), std::nullopt},
        {head + line("NETLINK", "99999999999999999999999"), std::nullopt},
        {"NETLINK 1096", std::nullopt},
        {"NETLINK", std::nullopt},
        {"", std::nullopt},
    };
    for (const auto& [text, expected] : cases) {
        CAPTURE(text);
        CHECK(init::parse_netlink_sockets(text) == expected);
    }
}
