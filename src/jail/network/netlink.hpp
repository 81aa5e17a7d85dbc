// Asking the kernel by netlink (netlink(7), rtnetlink(7)): one request, one answer.
#pragma once

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/fd.hpp"

namespace carrel::jail::network {

/// One request while it is written: a header, then attributes, some of which hold others.
class Message {
public:
    /// `flags`: NLM_F_REQUEST is added.
    Message(std::uint16_t type, std::uint16_t flags);

    template <class Header>
        requires std::is_trivially_copyable_v<Header>
    void put_header(const Header& header) {
        std::memcpy(mnl_nlmsg_put_extra_header(head(), sizeof header), &header, sizeof header);
    }
    void put(std::uint16_t attribute, std::string_view text);  ///< with a final zero
    void put(std::uint16_t attribute, std::uint32_t number);
    template <class Bytes>
    void put_bytes(std::uint16_t attribute, const Bytes& bytes) {
        mnl_attr_put(head(), attribute, sizeof bytes, &bytes);
    }
    /// Attributes that `fill` puts become part of this one.
    void put_nest(std::uint16_t attribute, const std::function<void()>& fill);

    nlmsghdr* head() { return reinterpret_cast<nlmsghdr*>(buffer_.data()); }

private:
    std::vector<std::uint64_t> buffer_;  // of the largest alignment that netlink knows
};

class Netlink {
public:
    /// `protocol`: NETLINK_ROUTE or NETLINK_NETFILTER, in the network namespace of this process.
    explicit Netlink(int protocol);

    /// Throws "what: why" when the kernel refuses; see core::system_error for the codes.
    void request(std::string_view what, Message message);
    /// Like request, but answers the errno (0: done) instead of throwing.
    int try_request(std::string_view what, Message message);
    /// Calls `each` with every message of the answer to a dump.
    void dump(std::string_view what, Message message, const std::function<void(const nlmsghdr&)>& each);
    /// Sends several messages at once and waits until the one numbered `last`, which asks for it, is
    /// acknowledged. Answers the first errno, 0 when all went well.
    int send_batch(std::string_view what, const void* bytes, std::size_t size, std::uint32_t last);

private:
    void send(std::string_view what, const void* bytes, std::size_t size);
    std::size_t receive(std::string_view what);

    core::Fd socket_;
    std::uint32_t next_number_ = 1;
    std::vector<char> answer_;
};

}  // namespace carrel::jail::network
