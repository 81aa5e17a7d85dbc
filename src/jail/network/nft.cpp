#include "jail/network/nft.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

#include "core/text.hpp"

namespace carrel::jail::network::nft {

namespace {

template <class Number>
std::string bytes_of(Number number) {
    return {reinterpret_cast<const char*>(&number), sizeof number};
}

std::uint32_t mask_of(std::uint8_t prefix) { return prefix == 0 ? 0 : ~0U << (32 - prefix); }

Match interface_match(Field field, std::string_view word, const std::string& name) {
    // The kernel compares as many bytes as there are: with the final zero for a whole name.
    auto value = name.ends_with('*') ? name.substr(0, name.size() - 1) : name + '\0';
    return {field, std::move(value), {}, true, fmt::format("{} = {}", word, name)};
}

Match address_match(Field field, std::string_view word, const Range& range) {
    const auto mask = mask_of(range.prefix);
    return {field, bytes_of(htonl(range.first.number & mask)), bytes_of(htonl(mask)), true,
            fmt::format("{} = {}", word, to_text(range))};
}

Match transport_match(std::uint8_t number, std::string_view name) {
    return {Field::transport, bytes_of(number), {}, true, std::string{name}};
}

std::string_view name_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::accept: return "accept";
        case Verdict::drop: return "drop";
        case Verdict::reject: return "reject";
        case Verdict::masquerade: return "masquerade";
        case Verdict::untrack: return "do not track";
    }
    std::unreachable();
}

std::string to_text(const Limit& limit) {
    return fmt::format("beyond {} {}{}", limit.most, limit.kind == Limit::Kind::flows ? "flows" : "a second",
                       limit.is_each_source ? " of each source" : "");
}

constexpr std::string_view hook_names[] = {"prerouting", "input", "forward", "output", "postrouting"};

}  // namespace

bool Range::has(Address address) const {
    return (address.number & mask_of(prefix)) == (first.number & mask_of(prefix));
}

std::string to_text(const Range& range) {
    return range.prefix == 32 ? to_text(range.first)
                              : fmt::format("{}/{}", to_text(range.first), range.prefix);
}

Match from_interface(const std::string& name_or_prefix) {
    return interface_match(Field::input_interface, "from interface", name_or_prefix);
}
Match to_interface(const std::string& name_or_prefix) {
    return interface_match(Field::output_interface, "to interface", name_or_prefix);
}
Match is_ipv6() { return {Field::family, bytes_of(std::uint8_t{NFPROTO_IPV6}), {}, true, "ipv6"}; }
Match source_in(const Range& range) { return address_match(Field::source, "source", range); }
Match destination_in(const Range& range) { return address_match(Field::destination, "destination", range); }
Match is_udp() { return transport_match(IPPROTO_UDP, "udp"); }
Match is_tcp() { return transport_match(IPPROTO_TCP, "tcp"); }
Match port_is(std::uint16_t port) {
    return {Field::port, bytes_of(htons(port)), {}, true, fmt::format("port = {}", port)};
}
Match is_answer() {
    constexpr std::uint32_t states = NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED);
    return {Field::state, bytes_of(std::uint32_t{0}), bytes_of(states), false, "answer"};
}
Match is_new() {
    return {Field::state, bytes_of(std::uint32_t{0}), bytes_of(std::uint32_t{NF_CT_STATE_BIT(IP_CT_NEW)}),
            false, "new"};
}
Match is_redirected() {
    return {Field::status, bytes_of(std::uint32_t{0}), bytes_of(std::uint32_t{IPS_DST_NAT}), false,
            "redirected"};
}
Match next_hop_is(Address gateway) {
    return {Field::next_hop, bytes_of(htonl(gateway.number)), {}, true, "next hop = " + to_text(gateway)};
}
Match operator!(Match match) {
    match.is_equal = !match.is_equal;
    match.text = "not " + match.text;
    return match;
}

std::string to_text(const Table& table) {
    std::string text = fmt::format("table {}\n", table.name);
    for (const auto& chain : table.chains) {
        text += fmt::format("  {} ({}, {}), else {}\n", chain.name, chain.type, hook_names[chain.hook],
                            name_of(chain.policy));
        for (const auto& rule : chain.rules) {
            std::vector<std::string> words;
            for (const auto& match : rule.matches) words.push_back(match.text);
            if (rule.beyond) words.push_back(to_text(*rule.beyond));
            text += fmt::format("    {}: {}\n", fmt::join(words, ", "), name_of(rule.verdict));
        }
    }
    return text;
}

}  // namespace carrel::jail::network::nft
