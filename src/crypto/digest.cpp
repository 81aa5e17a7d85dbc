#include "crypto/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/error.hpp"
#include "core/text.hpp"

namespace carrel::crypto {

namespace {

/// OpenSSL answers 1 for success; a digest fails only without memory or without the algorithm.
void require(int answer, std::string_view what) {
    if (answer != 1) throw core::Error{core::Code::internal, "OpenSSL refused: " + std::string{what}};
}

}  // namespace

struct Sha256Stream::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { EVP_MD_CTX_free(context); }
};

Sha256Stream::Sha256Stream() : state_{std::make_unique<State>()} {
    require(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr), "SHA-256");
}
Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;

void Sha256Stream::update(std::string_view bytes) {
    require(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()), "SHA-256");
}

Sha256 Sha256Stream::finish() {
    Sha256 digest;
    require(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr), "SHA-256");
    return digest;
}

std::string to_hex(const Sha256& digest) {
    return core::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Sha256 sha256(std::string_view bytes) {
    Sha256Stream stream;
    stream.update(bytes);
    return stream.finish();
}

Sha256 hmac_sha256(std::string_view key, std::string_view bytes) {
    Sha256 digest;
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data, bytes.size(), digest.data(),
              nullptr))
        require(0, "HMAC-SHA-256");
    return digest;
}

bool equals_in_constant_time(std::string_view left, std::string_view right) {
    return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace carrel::crypto
