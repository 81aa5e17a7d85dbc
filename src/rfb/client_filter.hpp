// What a viewer may say to a desktop: a parser of the client's side of RFB (RFC 6143, and the TigerVNC
// extensions that noVNC uses). Pure.
//
// RFB messages have no common length field, so one that is not known cannot be skipped: it is refused,
// and with it the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace carrel::rfb {

/// One viewer's stream, from its first byte (the handshake, with security type None) on. A viewer that only
/// looks can ask for frames but not touch: its keys, pointer, clipboard and resizes are left out.
class ClientFilter {
public:
    explicit ClientFilter(bool view_only) : view_only_{view_only} {}

    /// Takes bytes in pieces of any size; gives the bytes to pass on. Whole messages only, so that a change
    /// of mode never cuts one. After a refusal the connection must be closed.
    core::Expected<std::string> feed(std::string_view bytes);

    /// The same, one message at a time: takes from the beginning of `bytes` up to the end of one, and gives
    /// what of it is passed on, perhaps nothing. Nullopt: all bytes are taken, and the message is not whole.
    core::Expected<std::optional<std::string>> next(std::string_view& bytes);

    /// Holds from the next whole message on.
    void set_view_only(bool view_only) { view_only_ = view_only; }
    bool is_view_only() const { return view_only_; }

private:
    enum class Phase { version, security, init, messages };
    core::Expected<std::size_t> next_length() const;
    core::Expected<void> finish(std::string& passed);

    bool view_only_;
    Phase phase_ = Phase::version;
    std::string pending_;  ///< the message that is not whole yet; bounded by the length limits
};

}  // namespace carrel::rfb
