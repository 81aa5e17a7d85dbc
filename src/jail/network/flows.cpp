#include "jail/network/flows.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "core/sys.hpp"

namespace carrel::jail::network {

namespace {

constexpr const char* forgetting = "forget a desk's connections";

using Attributes = std::vector<std::string>;  ///< whole ones, as they came

Message ask_conntrack(std::uint16_t type) {
    Message message{static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | type), 0};
    message.put_header(nfgenmsg{.nfgen_family = AF_INET, .version = NFNETLINK_V0, .res_id = 0});
    return message;
}

/// The first attribute of that type between both; null when there is none.
const nlattr* find_between(const void* begin, const void* end, std::uint16_t type) {
    const auto* at = static_cast<const nlattr*>(begin);
    const auto left = [&] {
        return static_cast<int>(static_cast<const char*>(end) - reinterpret_cast<const char*>(at));
    };
    for (; mnl_attr_ok(at, left()); at = mnl_attr_next(at))
        if (mnl_attr_get_type(at) == type) return at;
    return nullptr;
}

const nlattr* find_attribute(const nlmsghdr& message, std::uint16_t type) {
    return find_between(mnl_nlmsg_get_payload_offset(&message, sizeof(nfgenmsg)),
                        mnl_nlmsg_get_payload_tail(&message), type);
}

const nlattr* find_inner(const nlattr* outer, std::uint16_t type) {
    if (outer == nullptr) return nullptr;
    const auto* const begin = static_cast<const char*>(mnl_attr_get_payload(outer));
    return find_between(begin, begin + mnl_attr_get_payload_len(outer), type);
}

bool is_from(const nlmsghdr& flow, Address source) {
    const auto* const begun = find_attribute(flow, CTA_TUPLE_ORIG);
    const auto* const address = find_inner(find_inner(begun, CTA_TUPLE_IP), CTA_IP_V4_SRC);
    return address != nullptr && mnl_attr_get_payload_len(address) == sizeof(std::uint32_t) &&
           ntohl(mnl_attr_get_u32(address)) == source.number;
}

/// By what the kernel finds a flow again.
Attributes name_of(const nlmsghdr& flow) {
    Attributes name;
    for (const auto type : {CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID})
        if (const auto* const attribute = find_attribute(flow, static_cast<std::uint16_t>(type)))
            name.emplace_back(reinterpret_cast<const char*>(attribute), attribute->nla_len);
    return name;
}

/// Older kernels than 5.8 do not know the filter and list all flows; the answer is looked through anyway.
Message list_of(Address source) {
    constexpr std::uint32_t by_source = 1;  // CTA_FILTER_F_CTA_IP_SRC
    auto message = ask_conntrack(IPCTNL_MSG_CT_GET);
    message.put_nest(CTA_TUPLE_ORIG, [&] {
        message.put_nest(CTA_TUPLE_IP, [&] { message.put(CTA_IP_V4_SRC, htonl(source.number)); });
    });
    message.put_nest(CTA_FILTER, [&] {
        message.put(CTA_FILTER_ORIG_FLAGS, by_source);
        message.put(CTA_FILTER_REPLY_FLAGS, std::uint32_t{0});
    });
    return message;
}

}  // namespace

void forget_flows(Netlink& kernel, Address source) {
    std::vector<Attributes> names;
    kernel.dump(forgetting, list_of(source), [&](const nlmsghdr& flow) {
        if (is_from(flow, source)) names.push_back(name_of(flow));
    });
    for (const auto& name : names) {
        auto message = ask_conntrack(IPCTNL_MSG_CT_DELETE);
        for (const auto& bytes : name) {
            const auto* const attribute = reinterpret_cast<const nlattr*>(bytes.data());
            mnl_attr_put(message.head(), attribute->nla_type, mnl_attr_get_payload_len(attribute),
                         mnl_attr_get_payload(attribute));
        }
        const int error = kernel.try_request(forgetting, std::move(message));
        if (error != 0 && error != ENOENT) throw core::system_error(forgetting, error);
    }
}

}  // namespace carrel::jail::network
