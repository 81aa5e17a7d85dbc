#include "jail/network/nft_rule.hpp"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libnftnl/expr.h>

#include <algorithm>
#include <functional>

namespace carrel::jail::network::nft {

namespace {

constexpr std::uint32_t any_register = NFT_REG_1;

enum class Kind { meta, connection, route, header };

/// Where a field is: what the kernel knows about the packet, or bytes of a header.
struct Place {
    Field field;
    Kind kind;
    std::uint32_t key;  ///< of what the kernel knows, or the header's base
    std::uint32_t offset;
    std::uint32_t length;
};
constexpr Place places[] = {
    {Field::input_interface, Kind::meta, NFT_META_IIFNAME, 0, 0},
    {Field::output_interface, Kind::meta, NFT_META_OIFNAME, 0, 0},
    {Field::family, Kind::meta, NFT_META_NFPROTO, 0, 0},
    {Field::transport, Kind::meta, NFT_META_L4PROTO, 0, 0},
    {Field::source, Kind::header, NFT_PAYLOAD_NETWORK_HEADER, 12, 4},
    {Field::destination, Kind::header, NFT_PAYLOAD_NETWORK_HEADER, 16, 4},
    {Field::port, Kind::header, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2},
    {Field::state, Kind::connection, NFT_CT_STATE, 0, 0},
    {Field::status, Kind::connection, NFT_CT_STATUS, 0, 0},
    {Field::next_hop, Kind::route, NFT_RT_NEXTHOP4, 0, 0},
};

bool is_of_ipv4(Field field) {
    return field == Field::source || field == Field::destination || field == Field::next_hop;
}

/// What lets a rule go on only beyond `limit`.
nftnl_expr* make_counter(const Limit& limit) {
    if (limit.kind == Limit::Kind::flows) {
        auto* const counter = made(::nftnl_expr_alloc("connlimit"));
        ::nftnl_expr_set_u32(counter, NFTNL_EXPR_CONNLIMIT_COUNT, limit.most);
        ::nftnl_expr_set_u32(counter, NFTNL_EXPR_CONNLIMIT_FLAGS, NFT_CONNLIMIT_F_INV);
        return counter;
    }
    constexpr std::uint64_t second = 1;
    auto* const counter = made(::nftnl_expr_alloc("limit"));
    ::nftnl_expr_set_u64(counter, NFTNL_EXPR_LIMIT_RATE, limit.most);
    ::nftnl_expr_set_u64(counter, NFTNL_EXPR_LIMIT_UNIT, second);
    ::nftnl_expr_set_u32(counter, NFTNL_EXPR_LIMIT_BURST, 2 * limit.most);
    ::nftnl_expr_set_u32(counter, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
    ::nftnl_expr_set_u32(counter, NFTNL_EXPR_LIMIT_FLAGS, NFT_LIMIT_F_INV);
    return counter;
}

}  // namespace

const char* set_of(Limit::Kind kind) { return kind == Limit::Kind::flows ? "flows" : "rates"; }

RuleWriter::RuleWriter(const std::string& table, const std::string& chain)
    : rule_{made(::nftnl_rule_alloc()), &::nftnl_rule_free} {
    ::nftnl_rule_set_str(rule_.get(), NFTNL_RULE_TABLE, table.c_str());
    ::nftnl_rule_set_str(rule_.get(), NFTNL_RULE_CHAIN, chain.c_str());
    ::nftnl_rule_set_u32(rule_.get(), NFTNL_RULE_FAMILY, NFPROTO_INET);
}

void RuleWriter::add(const Match& match) {
    if (is_of_ipv4(match.field)) require_ipv4();
    load(match.field);
    if (!match.mask.empty()) mask(match.mask);
    compare(match.is_equal, match.value);
}

void RuleWriter::add(const Limit& limit) {
    auto* const counter = make_counter(limit);
    if (!limit.is_each_source) return ::nftnl_rule_add_expr(rule_.get(), counter);
    require_ipv4();
    load(Field::source);
    auto* const expression = append("dynset");
    ::nftnl_expr_set_u32(expression, NFTNL_EXPR_DYNSET_SREG_KEY, any_register);
    ::nftnl_expr_set_u32(expression, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_ADD);
    ::nftnl_expr_set_str(expression, NFTNL_EXPR_DYNSET_SET_NAME, set_of(limit.kind));
    ::nftnl_expr_add_expr(expression, NFTNL_EXPR_DYNSET_EXPRESSIONS, counter);
}

void RuleWriter::add(Verdict verdict) {
    if (verdict == Verdict::masquerade) {
        append("masq");
    } else if (verdict == Verdict::untrack) {
        append("notrack");
    } else if (verdict == Verdict::reject) {
        auto* const expression = append("reject");
        ::nftnl_expr_set_u32(expression, NFTNL_EXPR_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH);
        ::nftnl_expr_set_u8(expression, NFTNL_EXPR_REJECT_CODE, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
    } else {
        auto* const expression = append("immediate");
        ::nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
        ::nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_VERDICT,
                             verdict == Verdict::accept ? NF_ACCEPT : NF_DROP);
    }
}

nftnl_expr* RuleWriter::append(const char* name) {
    auto* const expression = made(::nftnl_expr_alloc(name));
    ::nftnl_rule_add_expr(rule_.get(), expression);
    return expression;
}

void RuleWriter::require_ipv4() {
    load(Field::family);
    compare(true, std::string(1, char{NFPROTO_IPV4}));
}

void RuleWriter::load(Field field) {
    const auto& place = *std::ranges::find(places, field, &Place::field);
    switch (place.kind) {
        case Kind::meta: return load_known("meta", NFTNL_EXPR_META_KEY, NFTNL_EXPR_META_DREG, place.key);
        case Kind::connection: return load_known("ct", NFTNL_EXPR_CT_KEY, NFTNL_EXPR_CT_DREG, place.key);
        case Kind::route: return load_known("rt", NFTNL_EXPR_RT_KEY, NFTNL_EXPR_RT_DREG, place.key);
        case Kind::header: break;
    }
    auto* const expression = append("payload");
    ::nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_BASE, place.key);
    ::nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_OFFSET, place.offset);
    ::nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_LEN, place.length);
    ::nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_DREG, any_register);
}

void RuleWriter::load_known(const char* name, std::uint16_t key_attribute, std::uint16_t register_attribute,
                            std::uint32_t key) {
    auto* const expression = append(name);
    ::nftnl_expr_set_u32(expression, key_attribute, key);
    ::nftnl_expr_set_u32(expression, register_attribute, any_register);
}

void RuleWriter::mask(const std::string& bits) {
    const auto size = static_cast<std::uint32_t>(bits.size());
    const std::string none(bits.size(), '\0');
    auto* const expression = append("bitwise");
    ::nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_SREG, any_register);
    ::nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_DREG, any_register);
    ::nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_LEN, size);
    ::nftnl_expr_set(expression, NFTNL_EXPR_BITWISE_MASK, bits.data(), size);
    ::nftnl_expr_set(expression, NFTNL_EXPR_BITWISE_XOR, none.data(), size);
}

void RuleWriter::compare(bool is_equal, const std::string& value) {
    auto* const expression = append("cmp");
    ::nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_SREG, any_register);
    ::nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_OP, is_equal ? NFT_CMP_EQ : NFT_CMP_NEQ);
    ::nftnl_expr_set(expression, NFTNL_EXPR_CMP_DATA, value.data(), static_cast<std::uint32_t>(value.size()));
}

}  // namespace carrel::jail::network::nft
