#include "jail/network/cable.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "core/sys.hpp"
#include "jail/network/rules.hpp"

using namespace carrel::jail::network;
namespace wire = carrel::jail::wire;

namespace {

void check_golden(const std::string& name, const std::string& made) {
    const auto path = fmt::format("{}/tests/unit/jail/network/golden/{}.txt", CARREL_SOURCE_DIR, name);
    if (std::getenv("CARREL_WRITE_GOLDEN")) std::ofstream{path} << made;
    CHECK(made == carrel::core::find_file_text(path).value_or("no such file"));
}

}  // namespace

TEST_CASE("Rules of a desk and of the host are as written down") {
    // The second is private and forbidden anyway.
    check_golden("rules_desk", nft::to_text(desk_table({0xC612EE6A}, {{0xCB007102}, {0x0A000001}})));
    check_golden("rules_host", nft::to_text(host_table({"uplink0"})));
}

TEST_CASE("Names and addresses of cables follow from the range of ids, and no two are equal") {
    CHECK(cable_of(2'000'000'000) == Cable{30517, "carrel30517", {0xC612EE6A}, {0xC612EE6B}});
    CHECK(to_text(cable_of(65536).desk) == "198.18.0.3");
    // The last range that an id can be in leads neither to the resolver nor out of desks' addresses.
    const auto last = cable_of(0xFFFE'FFFF);
    CHECK(last.interface.size() <= 15);
    CHECK(to_text(last.desk) == "198.19.255.253");
    CHECK(desk_addresses.has(last.desk));
    CHECK(desk_addresses.has(resolver_address));
    CHECK(find_cable("carrel30517") == cable_of(2'000'000'000));
    for (const char* name : {"carrel", "carrel-x", "carrel65536", "carrel99999999999", "eth0", ""})
        CHECK(!find_cable(name));
    CHECK(interface_of(wire::Network::none, 65536) == "");
    CHECK(interface_of(wire::Network::internet, 65536) == "carrel1");
}

TEST_CASE("A desk is told the resolver, or that it has none") {
    CHECK(resolver_text(wire::Network::internet) == "nameserver 198.19.255.254\n");
    CHECK(resolver_text(wire::Network::none) == "# this desk has no network\n");
}

TEST_CASE("Ranges hold their first and last address and no other") {
    struct Case {
        std::uint32_t address;
        bool is_forbidden;
    };
    for (const auto& [address, is_forbidden] : {
             Case{0x09FFFFFF, false}, Case{0x0A000000, true},  Case{0x0AFFFFFF, true},
             Case{0x0B000000, false}, Case{0x643FFFFF, false}, Case{0x64400000, true},
             Case{0x647FFFFF, true},  Case{0x64800000, false}, Case{0xAC0FFFFF, false},
             Case{0xAC100000, true},  Case{0xAC1FFFFF, true},  Case{0xAC200000, false},
             Case{0xA9FEA9FE, true},  Case{0xC0A80001, true},  Case{0xC6120000, true},
             Case{0xC613FFFF, true},  Case{0xC6140000, false}, Case{0xFFFFFFFF, true},
             Case{0x08080808, false},
         }) {
        CAPTURE(to_text(Address{address}));
        bool is_found = false;
        for (const auto& range : forbidden_ranges()) is_found |= range.has({address});
        CHECK(is_found == is_forbidden);
    }
}
