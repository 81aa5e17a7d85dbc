#include "jail/network/rules.hpp"

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>

#include <algorithm>
#include <iterator>

namespace carrel::jail::network {

namespace {

using namespace nft;

constexpr std::uint16_t dns_port = 53;
constexpr const char* desks = "carrel*";  // interface_prefix, and anything after it

constexpr Range range(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t prefix) {
    return {{std::uint32_t{a} << 24 | std::uint32_t{b} << 16 | std::uint32_t{c} << 8}, prefix};
}

constexpr Range single(Address address) { return {address, 32}; }

std::vector<Rule> resolver_rules(const std::vector<Match>& first) {
    std::vector<Rule> rules;
    for (const auto& transport : {is_udp(), is_tcp()}) {
        auto matches = first;
        matches.insert(matches.end(),
                       {destination_in(single(resolver_address)), transport, port_is(dns_port)});
        rules.push_back({std::move(matches), Verdict::accept});
    }
    return rules;
}

constexpr Limit flows(bool is_each_source) { return {Limit::Kind::flows, most_flows, is_each_source}; }
constexpr Limit rate(bool is_each_source) { return {Limit::Kind::rate, most_new_flows, is_each_source}; }

/// Refused, not dropped: a program is told at once instead of waiting for minutes. But who asks for too much
/// is not even told: the host has few answers to give (icmp_msgs_per_sec).
std::vector<Rule> outgoing_rules(Address gateway, const std::vector<Address>& forbidden) {
    std::vector<Rule> rules{
        {{to_interface("lo")}, Verdict::accept},
        {{is_ipv6()}, Verdict::reject},
        {{is_new()}, Verdict::drop, rate(false)},
        {{is_new()}, Verdict::reject, flows(false)},
        // A program may call any address its neighbour (SO_DONTROUTE); the kernel keeps neighbours in one
        // table for all networks (gc_thresh3), the host's among them.
        {{!next_hop_is(gateway)}, Verdict::reject},
    };
    std::ranges::copy(resolver_rules({}), std::back_inserter(rules));
    for (const auto& range : forbidden_ranges()) rules.push_back({{destination_in(range)}, Verdict::reject});
    for (const auto address : forbidden) {
        const bool is_covered =
            std::ranges::any_of(forbidden_ranges(), [&](const auto& range) { return range.has(address); });
        if (!is_covered) rules.push_back({{destination_in(single(address))}, Verdict::reject});
    }
    return rules;
}

std::vector<Rule> counting_rules() {
    return {{{from_interface(desks), is_new()}, Verdict::drop, rate(true)},
            {{from_interface(desks), is_new()}, Verdict::drop, flows(true)}};
}

std::vector<Rule> passing_rules(const std::vector<std::string>& switched) {
    std::vector<Rule> rules{
        {{from_interface(desks), to_interface(desks)}, Verdict::drop},
        {{to_interface(desks), is_answer()}, Verdict::accept},
        {{to_interface(desks)}, Verdict::drop},
        {{from_interface(desks), is_ipv6()}, Verdict::drop},
        {{from_interface(desks), !source_in(desk_addresses)}, Verdict::drop},
    };
    for (const auto& range : forbidden_ranges())
        rules.push_back({{from_interface(desks), destination_in(range)}, Verdict::drop});
    std::ranges::copy(counting_rules(), std::back_inserter(rules));
    // What others let pass goes on to: answers to their containers, and ports that they publish.
    for (const auto& name : switched)
        rules.push_back(
            {{from_interface(name), !to_interface(desks), !is_answer(), !is_redirected()}, Verdict::drop});
    return rules;
}

std::vector<Rule> entering_rules() {
    auto rules = counting_rules();
    std::ranges::copy(resolver_rules({from_interface(desks), source_in(desk_addresses)}),
                      std::back_inserter(rules));
    rules.push_back({{from_interface(desks)}, Verdict::drop});
    return rules;
}

}  // namespace

const std::vector<Range>& forbidden_ranges() {
    // RFC 6890's registry, without its ranges for documentation: those lead nowhere anyway.
    static const std::vector<Range> ranges{
        range(0, 0, 0, 8),       // this network
        range(10, 0, 0, 8),      // private
        range(100, 64, 0, 10),   // shared by carriers; some clouds' services
        range(127, 0, 0, 8),     // loopback, when it leaves by a cable
        range(169, 254, 0, 16),  // link-local; the clouds' metadata
        range(172, 16, 0, 12),   // private
        range(192, 0, 0, 24),    // protocol assignments
        range(192, 168, 0, 16),  // private
        desk_addresses,          // other desks, and the host's ends of cables
        range(224, 0, 0, 4),     // multicast
        range(240, 0, 0, 4),     // reserved, broadcast
    };
    return ranges;
}

Table desk_table(Address gateway, const std::vector<Address>& forbidden) {
    // What stays in the desk is nobody's flow: else these, too, would be remembered without end.
    return {"desk",
            {{"leaving",
              "filter",
              NF_INET_LOCAL_OUT,
              NF_IP_PRI_RAW,
              Verdict::accept,
              {{{to_interface("lo")}, Verdict::untrack}}},
             {"arriving",
              "filter",
              NF_INET_PRE_ROUTING,
              NF_IP_PRI_RAW,
              Verdict::accept,
              {{{from_interface("lo")}, Verdict::untrack}}},
             {"output", "filter", NF_INET_LOCAL_OUT, NF_IP_PRI_FILTER, Verdict::accept,
              outgoing_rules(gateway, forbidden)},
             {"input",
              "filter",
              NF_INET_LOCAL_IN,
              NF_IP_PRI_FILTER,
              Verdict::drop,
              {{{from_interface("lo")}, Verdict::accept}, {{is_answer()}, Verdict::accept}}}}};
}

Table host_table(const std::vector<std::string>& switched) {
    return {
        host_table_name,
        {{"forward", "filter", NF_INET_FORWARD, NF_IP_PRI_FILTER, Verdict::accept, passing_rules(switched)},
         {"input", "filter", NF_INET_LOCAL_IN, NF_IP_PRI_FILTER, Verdict::accept, entering_rules()},
         {"leave",
          "nat",
          NF_INET_POST_ROUTING,
          NF_IP_PRI_NAT_SRC,
          Verdict::accept,
          {{{source_in(desk_addresses), !to_interface(desks), !to_interface("lo")}, Verdict::masquerade}}}}};
}

}  // namespace carrel::jail::network
