// A desk's answer, which is hostile until it is judged.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "core/error.hpp"
#include "net/framing.hpp"
#include "net/wire.hpp"

namespace carrel::net {

/// The errors that tunnels throw: see Tunnel.
core::Error bad_answer(std::string_view why);
core::Error broke_off();
/// What reading from a desk threw, as one of these two.
core::Error in_tunnel_terms(const core::Error& error);

/// The head of the answer, past interim ones (RFC 9110 §15.2); nothing when the connection ended before its
/// first byte. The body follows on the wire.
Task<std::optional<AnswerHead>> read_answer(Wire& wire, std::string_view method, std::size_t limit);

}  // namespace carrel::net
