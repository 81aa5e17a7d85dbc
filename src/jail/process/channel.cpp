#include "jail/process/channel.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::jail::process {

namespace {

using core::checked;
using core::Fd;

constexpr std::size_t longest_packet = 4096;

union Control {
    char bytes[CMSG_SPACE(sizeof(int))];
    cmsghdr aligned;
};

}  // namespace

std::pair<Fd, Fd> make_channel() {
    int ends[2];
    checked("socketpair", ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
    return {Fd{ends[0]}, Fd{ends[1]}};
}

void send_packet(int channel, const std::string& text, int fd) {
    iovec part{const_cast<char*>(text.data()), std::min(text.size(), longest_packet)};
    Control control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        auto* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    checked("send to the desk's first process", ::sendmsg(channel, &message, MSG_NOSIGNAL));
}

std::optional<Packet> receive_packet(int channel) {
    char buffer[longest_packet];
    iovec part{buffer, sizeof buffer};
    Control control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    ssize_t count;
    // ECONNRESET only says that the other end died with a packet of ours unread; what it had sent
    // before comes at the next call.
    do count = ::recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
    while (count < 0 && (errno == EINTR || errno == ECONNRESET));
    checked("receive", count);
    if (count == 0) return std::nullopt;
    Packet packet{std::string{buffer, static_cast<std::size_t>(count)}, {}};
    if (const auto* header = CMSG_FIRSTHDR(&message); header && header->cmsg_type == SCM_RIGHTS) {
        int fd;
        std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
        packet.fd = Fd{fd};
    }
    return packet;
}

std::string format_failure(const core::Error& error) {
    return fmt::format("{} {} {}", static_cast<int>(error.code()), error.reason(), error.message());
}

core::Error parse_failure(std::string_view text) {
    const auto take_word = [&text] {
        const auto word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        return word;
    };
    const auto code = core::parse_unsigned(take_word());
    const auto reason = take_word();
    if (!code || *code > static_cast<unsigned>(core::Code::internal))
        return {core::Code::internal, "the desk's first process failed without saying why"};
    return {static_cast<core::Code>(*code), std::string{text}, std::string{reason}};
}

}  // namespace carrel::jail::process
