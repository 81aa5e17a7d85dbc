#include "crypto/digest.hpp"

#include <doctest/doctest.h>

using namespace carrel;

// The examples of FIPS 180-4 (as NIST publishes them) and RFC 4231.
TEST_CASE("SHA-256 answers the published examples") {
    CHECK(crypto::to_hex(crypto::sha256("")) ==
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(crypto::to_hex(crypto::sha256("abc")) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("SHA-256 of pieces is SHA-256 of the whole") {
    crypto::Sha256Stream stream;
    stream.update("a");
    stream.update("");
    stream.update("bc");
    CHECK(stream.finish() == crypto::sha256("abc"));
}

TEST_CASE("HMAC-SHA-256 answers the examples of RFC 4231") {
    CHECK(crypto::to_hex(crypto::hmac_sha256(std::string(20, '\x0b'), "Hi There")) ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(crypto::to_hex(crypto::hmac_sha256("Jefe", "what do ya want for nothing?")) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("secrets are compared whole") {
    CHECK(crypto::equals_in_constant_time("", ""));
    CHECK(crypto::equals_in_constant_time("key", "key"));
    CHECK_FALSE(crypto::equals_in_constant_time("key", "kez"));
    CHECK_FALSE(crypto::equals_in_constant_time("key", "keys"));
}
