// Rules on their way to the kernel. Its names for things: linux/netfilter/nf_tables.h.
#include "jail/network/nft.hpp"  // before the kernel's headers, which it makes leave out what libc has, too

#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>

#include <memory>

#include "core/sys.hpp"

namespace carrel::jail::network::nft {

namespace {

constexpr std::uint32_t any_register = NFT_REG_1;

/// Where a field is: what `meta` knows about the packet, or bytes of a header.
struct Place {
    Field field;
    bool is_meta;
    std::uint32_t key;  ///< of meta, or the header's base
    std::uint32_t offset;
    std::uint32_t length;
};
constexpr Place places[] = {
    {Field::input_interface, true, NFT_META_IIFNAME, 0, 0},
    {Field::output_interface, true, NFT_META_OIFNAME, 0, 0},
    {Field::family, true, NFT_META_NFPROTO, 0, 0},
    {Field::transport, true, NFT_META_L4PROTO, 0, 0},
    {Field::source, false, NFT_PAYLOAD_NETWORK_HEADER, 12, 4},
    {Field::destination, false, NFT_PAYLOAD_NETWORK_HEADER, 16, 4},
    {Field::port, false, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2},
};

template <class T>
T* made(T* object) {
    if (object == nullptr) throw core::system_error("write rules for nftables", ENOMEM);
    return object;
}

/// The expressions of one rule; libnftnl frees them with it.
class RuleWriter {
public:
    RuleWriter(const std::string& table, const std::string& chain)
        : rule_{made(::nftnl_rule_alloc()), &::nftnl_rule_free} {
        ::nftnl_rule_set_str(rule_.get(), NFTNL_RULE_TABLE, table.c_str());
        ::nftnl_rule_set_str(rule_.get(), NFTNL_RULE_CHAIN, chain.c_str());
        ::nftnl_rule_set_u32(rule_.get(), NFTNL_RULE_FAMILY, NFPROTO_INET);
    }

    nftnl_rule* get() { return rule_.get(); }

    void add(const Match& match) {
        if (match.field == Field::source || match.field == Field::destination) require_ipv4();
        load(match.field);
        if (!match.mask.empty()) mask(match.mask);
        compare(match.is_equal, match.value);
    }

    void add(Verdict verdict) {
        if (verdict == Verdict::masquerade) {
            append("masq");
        } else if (verdict == Verdict::reject) {
            auto* expression = append("reject");
            ::nftnl_expr_set_u32(expression, NFTNL_EXPR_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH);
            ::nftnl_expr_set_u8(expression, NFTNL_EXPR_REJECT_CODE, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
        } else {
            auto* expression = append("immediate");
            ::nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
            ::nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_VERDICT,
                                 verdict == Verdict::accept ? NF_ACCEPT : NF_DROP);
        }
    }

private:
    nftnl_expr* append(const char* name) {
        auto* expression = made(::nftnl_expr_alloc(name));
        ::nftnl_rule_add_expr(rule_.get(), expression);
        return expression;
    }

    void require_ipv4() {
        load(Field::family);
        compare(true, std::string(1, char{NFPROTO_IPV4}));
    }

    void load(Field field) {
        if (field == Field::state) {
            auto* expression = append("ct");
            ::nftnl_expr_set_u32(expression, NFTNL_EXPR_CT_KEY, NFT_CT_STATE);
            ::nftnl_expr_set_u32(expression, NFTNL_EXPR_CT_DREG, any_register);
            return;
        }
        for (const auto& place : places)
            if (place.field == field) load(place);
    }

    void load(const Place& place) {
        if (place.is_meta) {
            auto* expression = append("meta");
            ::nftnl_expr_set_u32(expression, NFTNL_EXPR_META_KEY, place.key);
            ::nftnl_expr_set_u32(expression, NFTNL_EXPR_META_DREG, any_register);
            return;
        }
        auto* expression = append("payload");
        ::nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_BASE, place.key);
        ::nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_OFFSET, place.offset);
        ::nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_LEN, place.length);
        ::nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_DREG, any_register);
    }

    void mask(const std::string& bits) {
        const auto size = static_cast<std::uint32_t>(bits.size());
        const std::string none(bits.size(), '\0');
        auto* expression = append("bitwise");
        ::nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_SREG, any_register);
        ::nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_DREG, any_register);
        ::nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_LEN, size);
        ::nftnl_expr_set(expression, NFTNL_EXPR_BITWISE_MASK, bits.data(), size);
        ::nftnl_expr_set(expression, NFTNL_EXPR_BITWISE_XOR, none.data(), size);
    }

    void compare(bool is_equal, const std::string& value) {
        auto* expression = append("cmp");
        ::nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_SREG, any_register);
        ::nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_OP, is_equal ? NFT_CMP_EQ : NFT_CMP_NEQ);
        ::nftnl_expr_set(expression, NFTNL_EXPR_CMP_DATA, value.data(),
                         static_cast<std::uint32_t>(value.size()));
    }

    std::unique_ptr<nftnl_rule, decltype(&::nftnl_rule_free)> rule_;
};

using TableObject = std::unique_ptr<nftnl_table, decltype(&::nftnl_table_free)>;
using ChainObject = std::unique_ptr<nftnl_chain, decltype(&::nftnl_chain_free)>;

TableObject make_table(const std::string& name) {
    TableObject table{made(::nftnl_table_alloc()), &::nftnl_table_free};
    ::nftnl_table_set_str(table.get(), NFTNL_TABLE_NAME, name.c_str());
    return table;
}

/// Several messages that take effect together or not at all.
class Batch {
public:
    Batch() { end_ = mnl_nlmsg_get_payload_tail(::nftnl_batch_begin(room(), number_++)); }

    void add_table(const std::string& name) {
        ::nftnl_table_nlmsg_build_payload(start(NFT_MSG_NEWTABLE, NLM_F_CREATE), make_table(name).get());
        finish();
    }
    void remove_table(const std::string& name) {
        ::nftnl_table_nlmsg_build_payload(start(NFT_MSG_DELTABLE, 0), make_table(name).get());
        finish();
    }
    void add_chain(const std::string& table, const Chain& chain) {
        const ChainObject object{made(::nftnl_chain_alloc()), &::nftnl_chain_free};
        ::nftnl_chain_set_str(object.get(), NFTNL_CHAIN_TABLE, table.c_str());
        ::nftnl_chain_set_str(object.get(), NFTNL_CHAIN_NAME, chain.name.c_str());
        ::nftnl_chain_set_str(object.get(), NFTNL_CHAIN_TYPE, chain.type.c_str());
        ::nftnl_chain_set_u32(object.get(), NFTNL_CHAIN_HOOKNUM, chain.hook);
        ::nftnl_chain_set_s32(object.get(), NFTNL_CHAIN_PRIO, chain.priority);
        ::nftnl_chain_set_u32(object.get(), NFTNL_CHAIN_POLICY,
                              chain.policy == Verdict::accept ? NF_ACCEPT : NF_DROP);
        ::nftnl_chain_nlmsg_build_payload(start(NFT_MSG_NEWCHAIN, NLM_F_CREATE), object.get());
        finish();
        for (const auto& rule : chain.rules) add_rule(table, chain.name, rule);
    }

    /// The errno, 0 when all of it is done.
    int send(Netlink& kernel) {
        last_->nlmsg_flags |= NLM_F_ACK;
        const auto last = last_->nlmsg_seq;
        end_ = mnl_nlmsg_get_payload_tail(::nftnl_batch_end(room(), number_++));
        const auto size = static_cast<std::size_t>(static_cast<char*>(end_) - bytes());
        return kernel.send_batch("send rules to nftables", bytes(), size, last);
    }

private:
    static constexpr std::size_t capacity = std::size_t{128} << 10;
    static constexpr std::size_t longest_message = 4096;

    void add_rule(const std::string& table, const std::string& chain, const Rule& rule) {
        RuleWriter writer{table, chain};
        for (const auto& match : rule.matches) writer.add(match);
        writer.add(rule.verdict);
        ::nftnl_rule_nlmsg_build_payload(start(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND), writer.get());
        finish();
    }

    char* bytes() { return reinterpret_cast<char*>(buffer_.data()); }
    char* room() {
        auto* const here = end_ == nullptr ? bytes() : static_cast<char*>(end_);
        if (here + longest_message > bytes() + capacity)
            throw core::Error{core::Code::exhausted, "too many rules for one table of nftables"};
        return here;
    }
    nlmsghdr* start(std::uint16_t type, std::uint16_t flags) {
        last_ = ::nftnl_nlmsg_build_hdr(room(), type, NFPROTO_INET, flags, number_++);
        return last_;
    }
    void finish() { end_ = mnl_nlmsg_get_payload_tail(last_); }

    std::vector<std::uint64_t> buffer_ = std::vector<std::uint64_t>(capacity / sizeof(std::uint64_t));
    std::uint32_t number_ = 1;
    void* end_ = nullptr;
    nlmsghdr* last_ = nullptr;
};

void finish(Netlink& kernel, Batch& batch, const Table& table) {
    for (const auto& chain : table.chains) batch.add_chain(table.name, chain);
    if (const int error = batch.send(kernel); error != 0)
        throw core::system_error(fmt::format("make the table {} of nftables", table.name), error);
}

Message ask(std::uint16_t type, std::uint8_t family) {
    Message message{static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type), 0};
    message.put_header(nfgenmsg{.nfgen_family = family, .version = NFNETLINK_V0, .res_id = 0});
    return message;
}

}  // namespace

void add_table(Netlink& kernel, const Table& table) {
    Batch batch;
    batch.add_table(table.name);
    finish(kernel, batch, table);
}

void replace_table(Netlink& kernel, const Table& table) {
    Batch batch;
    // Made first, so that removing it cannot fail.
    batch.add_table(table.name);
    batch.remove_table(table.name);
    batch.add_table(table.name);
    finish(kernel, batch, table);
}

bool has_table(Netlink& kernel, const std::string& name) {
    auto message = ask(NFT_MSG_GETTABLE, NFPROTO_INET);
    message.put(NFTA_TABLE_NAME, name);
    return kernel.try_request("look for a table of nftables", std::move(message)) == 0;
}

void remove_table(Netlink& kernel, const std::string& name) {
    Batch batch;
    batch.remove_table(name);
    if (const int error = batch.send(kernel); error != 0 && error != ENOENT)
        throw core::system_error(fmt::format("remove the table {} of nftables", name), error);
}

bool has_forward_drop(Netlink& kernel, const std::string& except_table) {
    bool found = false;
    kernel.dump("list chains of nftables", ask(NFT_MSG_GETCHAIN, NFPROTO_UNSPEC), [&](const nlmsghdr& part) {
        const ChainObject chain{made(::nftnl_chain_alloc()), &::nftnl_chain_free};
        if (::nftnl_chain_nlmsg_parse(&part, chain.get()) < 0) return;
        const auto family = ::nftnl_chain_get_u32(chain.get(), NFTNL_CHAIN_FAMILY);
        const bool is_ours = except_table == ::nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_TABLE);
        found |= !is_ours && (family == NFPROTO_INET || family == NFPROTO_IPV4) &&
                 ::nftnl_chain_is_set(chain.get(), NFTNL_CHAIN_HOOKNUM) &&
                 ::nftnl_chain_get_u32(chain.get(), NFTNL_CHAIN_HOOKNUM) == NF_INET_FORWARD &&
                 ::nftnl_chain_get_u32(chain.get(), NFTNL_CHAIN_POLICY) == NF_DROP;
    });
    return found;
}

}  // namespace carrel::jail::network::nft
