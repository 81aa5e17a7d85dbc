// The short talk between the jail and a desk's first process, over a socketpair of packets. The
// desk's end closes when its program begins, so the end of the talk is success.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "core/fd.hpp"

namespace carrel::jail::process {

std::pair<core::Fd, core::Fd> make_channel();

/// Sends a packet, with a descriptor if `fd` is one.
void send_packet(int channel, const std::string& text, int fd = -1);

struct Packet {
    std::string text;
    core::Fd fd;
};
/// The next packet, or nothing when the other end is closed. Waits.
std::optional<Packet> receive_packet(int channel);

/// A failure as a packet, and back.
std::string format_failure(const core::Error& error);
core::Error parse_failure(std::string_view text);

}  // namespace carrel::jail::process
