// Rules on their way to the kernel. Its names for things: linux/netfilter/nf_tables.h.
#include "jail/network/nft.hpp"  // before the kernel's headers, which it makes leave out what libc has, too

#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>

#include <algorithm>
#include <memory>

#include "core/sys.hpp"
#include "jail/network/nft_rule.hpp"

namespace carrel::jail::network::nft {

namespace {

using TableObject = std::unique_ptr<nftnl_table, decltype(&::nftnl_table_free)>;
using ChainObject = std::unique_ptr<nftnl_chain, decltype(&::nftnl_chain_free)>;
using SetObject = std::unique_ptr<nftnl_set, decltype(&::nftnl_set_free)>;

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
    /// A set of addresses that rules fill, each with a counter.
    void add_set(const std::string& table, Limit::Kind kind) {
        constexpr std::uint32_t ipv4_addresses = 7;  // nft's own number of that type
        constexpr std::uint32_t most_sources = 65536;
        const SetObject set{made(::nftnl_set_alloc()), &::nftnl_set_free};
        ::nftnl_set_set_str(set.get(), NFTNL_SET_TABLE, table.c_str());
        ::nftnl_set_set_str(set.get(), NFTNL_SET_NAME, set_of(kind));
        ::nftnl_set_set_u32(set.get(), NFTNL_SET_FAMILY, NFPROTO_INET);
        ::nftnl_set_set_u32(set.get(), NFTNL_SET_ID, static_cast<std::uint32_t>(kind) + 1);
        ::nftnl_set_set_u32(set.get(), NFTNL_SET_FLAGS, NFT_SET_EVAL);
        ::nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_TYPE, ipv4_addresses);
        ::nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_LEN, sizeof(std::uint32_t));
        ::nftnl_set_set_u32(set.get(), NFTNL_SET_DESC_SIZE, most_sources);
        ::nftnl_set_nlmsg_build_payload(start(NFT_MSG_NEWSET, NLM_F_CREATE), set.get());
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
        if (rule.beyond) writer.add(*rule.beyond);
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

bool counts_each_source(const Table& table, Limit::Kind kind) {
    return std::ranges::any_of(table.chains, [&](const Chain& chain) {
        return std::ranges::any_of(chain.rules, [&](const Rule& rule) {
            return rule.beyond && rule.beyond->is_each_source && rule.beyond->kind == kind;
        });
    });
}

void finish(Netlink& kernel, Batch& batch, const Table& table) {
    for (const auto kind : {Limit::Kind::flows, Limit::Kind::rate})
        if (counts_each_source(table, kind)) batch.add_set(table.name, kind);
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
