// Digests: SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104), over OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace carrel::crypto {

using Sha256 = std::array<std::uint8_t, 32>;

/// 64 lower-case hexadecimal digits.
std::string to_hex(const Sha256& digest);

Sha256 sha256(std::string_view bytes);
Sha256 hmac_sha256(std::string_view key, std::string_view bytes);

/// Whether two secrets are equal, in a time that depends on their lengths only.
bool equals_in_constant_time(std::string_view left, std::string_view right);

/// SHA-256 of bytes that come in pieces.
class Sha256Stream {
public:
    Sha256Stream();
    ~Sha256Stream();
    Sha256Stream(Sha256Stream&&) noexcept;
    Sha256Stream& operator=(Sha256Stream&&) noexcept;

    void update(std::string_view bytes);
    /// The digest of all that came; the stream takes nothing more.
    Sha256 finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace carrel::crypto
