#include "jail/network/netlink.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "core/sys.hpp"

namespace carrel::jail::network {

namespace {

using core::checked;

constexpr std::size_t longest_message = 4096;
/// The kernel's own limit for one part of a dump is 32 KiB.
constexpr std::size_t longest_answer_part = 32768;
/// The kernel answers at once; only a broken one would keep root's process waiting.
constexpr timeval longest_wait{10, 0};
/// A set of nftables rules is one message to the kernel and must fit its buffer.
constexpr int send_buffer = 1 << 20;

/// The errno that an answer carries, 0 for an acknowledgment; nothing when it is something else.
std::optional<int> find_error(const nlmsghdr& message) {
    if (message.nlmsg_type != NLMSG_ERROR) return std::nullopt;
    return -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(&message))->error;
}

}  // namespace

Message::Message(std::uint16_t type, std::uint16_t flags) : buffer_(longest_message / sizeof(std::uint64_t)) {
    auto* start = mnl_nlmsg_put_header(buffer_.data());
    start->nlmsg_type = type;
    start->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
}

void Message::put(std::uint16_t attribute, std::string_view text) {
    mnl_attr_put_strz(head(), attribute, std::string{text}.c_str());
}

void Message::put(std::uint16_t attribute, std::uint32_t number) {
    mnl_attr_put_u32(head(), attribute, number);
}

void Message::put_nest(std::uint16_t attribute, const std::function<void()>& fill) {
    auto* nest = mnl_attr_nest_start(head(), attribute);
    fill();
    mnl_attr_nest_end(head(), nest);
}

Netlink::Netlink(int protocol)
    : socket_{checked("open a netlink socket", ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol))},
      answer_(longest_answer_part) {
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &send_buffer, sizeof send_buffer);
    checked("set a netlink socket's time-out",
            ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &longest_wait, sizeof longest_wait));
}

void Netlink::send(std::string_view what, const void* bytes, std::size_t size) {
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    checked(what,
            ::sendto(socket_.get(), bytes, size, 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel));
}

std::size_t Netlink::receive(std::string_view what) {
    while (true) {
        sockaddr_nl sender{};
        socklen_t length = sizeof sender;
        const auto count = ::recvfrom(socket_.get(), answer_.data(), answer_.size(), 0,
                                      reinterpret_cast<sockaddr*>(&sender), &length);
        if (count < 0 && errno == EINTR) continue;
        checked(what, count);
        // Other processes can send to this socket, too.
        if (sender.nl_pid == 0) return static_cast<std::size_t>(count);
    }
}

int Netlink::send_batch(std::string_view what, const void* bytes, std::size_t size, std::uint32_t last) {
    send(what, bytes, size);
    while (true) {
        auto left = static_cast<int>(receive(what));
        for (const auto* message = reinterpret_cast<const nlmsghdr*>(answer_.data());
             mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
            const auto error = find_error(*message);
            if (error && (*error != 0 || message->nlmsg_seq == last)) return *error;
        }
    }
}

int Netlink::try_request(std::string_view what, Message message) {
    auto* head = message.head();
    head->nlmsg_seq = next_number_++;
    head->nlmsg_flags |= NLM_F_ACK;
    return send_batch(what, head, head->nlmsg_len, head->nlmsg_seq);
}

void Netlink::request(std::string_view what, Message message) {
    if (const int error = try_request(what, std::move(message)); error != 0)
        throw core::system_error(what, error);
}

void Netlink::dump(std::string_view what, Message message, const std::function<void(const nlmsghdr&)>& each) {
    auto* head = message.head();
    head->nlmsg_seq = next_number_++;
    head->nlmsg_flags |= NLM_F_DUMP;
    send(what, head, head->nlmsg_len);
    while (true) {
        auto left = static_cast<int>(receive(what));
        for (const auto* part = reinterpret_cast<const nlmsghdr*>(answer_.data()); mnl_nlmsg_ok(part, left);
             part = mnl_nlmsg_next(part, &left)) {
            if (part->nlmsg_seq != head->nlmsg_seq) continue;
            if (part->nlmsg_type == NLMSG_DONE) return;
            if (const auto error = find_error(*part)) throw core::system_error(what, *error);
            each(*part);
        }
    }
}

}  // namespace carrel::jail::network
