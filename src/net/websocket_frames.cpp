#include "net/websocket_frames.hpp"

#include <cstring>

#include "core/bytes.hpp"
#include "core/text.hpp"
#include "net/sha1.hpp"

namespace carrel::net {

namespace {

constexpr std::uint64_t most_control_bytes = 125;

void append_number(std::string& to, std::uint64_t number, int width) {
    for (int shift = (width - 1) * 8; shift >= 0; shift -= 8) to += static_cast<char>(number >> shift);
}

bool is_opcode(unsigned value) { return value <= 2 || (value >= 8 && value <= 10); }

/// Which codes may stand in a close frame (§7.4).
bool is_close_code(std::uint64_t code) {
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
           (code >= 3000 && code <= 4999);
}

core::Expected<void> judge_frame(const FrameHead& head, unsigned length_form) {
    if ((length_form == 126 && head.length < 126) || (length_form == 127 && head.length <= 0xffff))
        return core::refuse("a WebSocket frame's length is not in its shortest form");
    if (head.length >> 63 != 0) return core::refuse("a WebSocket frame's length is out of range");
    if (is_control(head.opcode) && (head.length > most_control_bytes || !head.is_last))
        return core::refuse("a WebSocket control frame must be short and whole");
    return {};
}

core::Expected<std::optional<FrameHead>> parse_frame(std::string_view bytes, bool is_of_client) {
    if (bytes.size() < 2) return std::nullopt;
    const auto first = static_cast<unsigned char>(bytes[0]);
    const auto second = static_cast<unsigned char>(bytes[1]);
    if ((first & 0x70u) != 0) return core::refuse("a WebSocket frame has reserved bits set");
    if (!is_opcode(first & 0x0fu)) return core::refuse("a WebSocket frame has an unknown opcode");
    const unsigned form = second & 0x7fu;
    const std::size_t width = form == 127 ? 8 : form == 126 ? 2 : 0;
    const bool is_masked = (second & 0x80u) != 0;
    FrameHead head;
    head.head_bytes = 2 + width + (is_masked ? head.mask.size() : 0);
    if (bytes.size() < head.head_bytes) return std::nullopt;
    if (is_masked != is_of_client)
        return core::refuse(is_of_client ? "a client's WebSocket frame must be masked"
                                         : "a server's WebSocket frame must not be masked");
    head.opcode = static_cast<Opcode>(first & 0x0fu);
    head.is_last = (first & 0x80u) != 0;
    head.length = width == 0 ? form : core::big_endian(bytes, 2, width);
    if (is_masked) std::memcpy(head.mask.data(), bytes.data() + 2 + width, head.mask.size());
    if (auto judged = judge_frame(head, form); !judged) return std::unexpected{std::move(judged.error())};
    return head;
}

void append_head(std::string& to, Opcode opcode, std::size_t length, unsigned mask_bit) {
    to += static_cast<char>(0x80u | static_cast<unsigned char>(opcode));
    if (length < 126) {
        append_number(to, mask_bit | length, 1);
    } else if (length <= 0xffff) {
        append_number(to, mask_bit | 126, 1);
        append_number(to, length, 2);
    } else {
        append_number(to, mask_bit | 127, 1);
        append_number(to, length, 8);
    }
}

}  // namespace

core::Expected<std::optional<FrameHead>> parse_client_frame(std::string_view bytes) {
    return parse_frame(bytes, true);
}

core::Expected<std::optional<FrameHead>> parse_server_frame(std::string_view bytes) {
    return parse_frame(bytes, false);
}

void unmask(std::span<char> payload, const std::array<char, 4>& mask) {
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
}

void append_frame(std::string& to, Opcode opcode, std::string_view payload) {
    append_head(to, opcode, payload.size(), 0);
    to += payload;
}

void append_client_frame(std::string& to, Opcode opcode, std::string_view payload) {
    append_head(to, opcode, payload.size(), 0x80);
    to.append(4, '\0');
    to += payload;
}

core::Expected<Farewell> parse_farewell(std::string_view payload) {
    if (payload.empty()) return Farewell{};
    if (payload.size() < 2) return core::refuse("a WebSocket close frame has half a code");
    const auto code = core::big_endian(payload, 0, 2);
    const auto reason = payload.substr(2);
    if (!is_close_code(code)) return core::refuse("a WebSocket close frame has a code that none may have");
    if (!core::is_utf8(reason)) return core::refuse("a WebSocket close frame's reason is not UTF-8");
    return Farewell{static_cast<std::uint16_t>(code), std::string{reason}};
}

std::string make_farewell(std::uint16_t code, std::string_view reason) {
    std::string payload;
    append_number(payload, code, 2);
    return payload += core::utf8_prefix(reason, most_control_bytes - 2);
}

std::string make_accept_key(std::string_view key) {
    return core::to_base64(sha1(std::string{key} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

}  // namespace carrel::net
