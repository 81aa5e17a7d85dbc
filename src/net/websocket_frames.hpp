// WebSocket on the wire (RFC 6455 §5). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace carrel::net {

enum class Opcode : unsigned char { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

inline bool is_control(Opcode opcode) { return static_cast<unsigned char>(opcode) >= 8; }

struct FrameHead {
    Opcode opcode = Opcode::continuation;
    bool is_last = true;  ///< of its message
    std::uint64_t length = 0;
    std::array<char, 4> mask{};
    std::size_t head_bytes = 0;
};

/// The head of a client's frame at the beginning of `bytes`; nothing when more bytes are needed. Refuses
/// unknown opcodes, reserved bits (no extension was agreed on), frames without a mask, lengths not in
/// their shortest form, control frames that are long or in parts.
core::Expected<std::optional<FrameHead>> parse_client_frame(std::string_view bytes);

/// The same of a server's frame, which must not have a mask.
core::Expected<std::optional<FrameHead>> parse_server_frame(std::string_view bytes);

/// Takes a client's mask off a frame's payload.
void unmask(std::span<char> payload, const std::array<char, 4>& mask);

/// Appends a whole frame as a server sends it.
void append_frame(std::string& to, Opcode opcode, std::string_view payload);

/// Appends a whole frame as a client sends it, with a mask of zeros: it hides nothing, and is for
/// connections that stay on one machine, where no proxy could take the payload for something else
/// (§10.3).
void append_client_frame(std::string& to, Opcode opcode, std::string_view payload);

/// What a close frame says. An empty one is 1005, "no code was given".
struct Farewell {
    std::uint16_t code = 1005;
    std::string reason;
};
core::Expected<Farewell> parse_farewell(std::string_view payload);
std::string make_farewell(std::uint16_t code, std::string_view reason);

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key (§4.2.2).
std::string make_accept_key(std::string_view key);

}  // namespace carrel::net
