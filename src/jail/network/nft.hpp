// Packet filters as data, and the way to the kernel (nf_tables, by libnftnl): no `nft` is started.
//
// Every condition is the same to the kernel: load a field, mask it, compare. to_text() writes rules
// as `nft list` does, for people and golden files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jail/network/links.hpp"
#include "jail/network/netlink.hpp"

namespace carrel::jail::network::nft {

/// All addresses that share the first `prefix` bits of `first`.
struct Range {
    Address first;
    std::uint8_t prefix;

    bool has(Address address) const;
};

std::string to_text(const Range& range);

enum class Field {
    input_interface,
    output_interface,
    family,
    source,
    destination,
    transport,
    port,
    state,
    status,
    next_hop
};

struct Match {
    Field field;
    std::string value;  ///< the field's first bytes, in the order of the packet
    std::string mask;   ///< as long as the field, or "" for all bits
    bool is_equal = true;
    std::string text;
};

// Conditions. Those about addresses hold for IPv4 packets only.
Match from_interface(const std::string& name_or_prefix);  ///< "carrel*" is a prefix
Match to_interface(const std::string& name_or_prefix);
Match is_ipv6();
Match source_in(const Range& range);
Match destination_in(const Range& range);
Match is_udp();
Match is_tcp();
Match port_is(std::uint16_t port);   ///< the destination's
Match is_answer();                   ///< of a connection that was begun in the other direction
Match is_new();                      ///< of a flow that nobody has answered yet
Match is_redirected();               ///< of a flow whose destination this host has changed
Match next_hop_is(Address gateway);  ///< of a packet that is routed already: who gets it next
Match operator!(Match match);

enum class Verdict {
    accept,
    drop,
    reject,
    masquerade,
    untrack  ///< no flow is remembered for it; only in chains of the priority "raw"
};

/// How much a rule lets pass before it holds.
struct Limit {
    enum class Kind {
        flows,  ///< `most` at once, as far as this rule has seen them begin
        rate    ///< `most` packets a second, after `most` * 2 at once
    };
    Kind kind;
    std::uint32_t most;
    bool is_each_source;  ///< counted for each address apart, over all rules of the table
};

struct Rule {
    std::vector<Match> matches;
    Verdict verdict;
    std::optional<Limit> beyond = std::nullopt;
};

struct Chain {
    std::string name;
    std::string type;       ///< "filter" or "nat"
    std::uint32_t hook;     ///< NF_INET_…
    std::int32_t priority;  ///< NF_IP_PRI_…
    Verdict policy;         ///< accept or drop
    std::vector<Rule> rules;
};

/// Of the family inet: both IPv4 and IPv6.
struct Table {
    std::string name;
    std::vector<Chain> chains;
};

std::string to_text(const Table& table);

/// Puts `table` into this network namespace in one transaction. In a new one, where there is none of
/// its name, this is the quick way: after a removal the kernel waits for a grace period of RCU.
void add_table(Netlink& kernel, const Table& table);
/// The same in place of a table of its name, if there is one.
void replace_table(Netlink& kernel, const Table& table);
bool has_table(Netlink& kernel, const std::string& name);
/// No error when there is none.
void remove_table(Netlink& kernel, const std::string& name);
/// Whether some other table drops what it does not know among packets that are passed on.
bool has_forward_drop(Netlink& kernel, const std::string& except_table);

}  // namespace carrel::jail::network::nft
