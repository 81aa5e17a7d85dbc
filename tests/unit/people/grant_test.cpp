#include "people/grant.hpp"

#include <doctest/doctest.h>

using namespace carrel;
using people::Grant;

namespace {

const core::Error revoked{core::Code::unauthorized, "this key was revoked", "key_revoked"};

}  // namespace

TEST_CASE("what is open because of a grant is cut when it ends, and only that") {
    const auto grant = std::make_shared<Grant>(ops::local_principal());
    int cut = 0;
    const auto kept = grant->hold([&] { ++cut; });
    grant->hold([&] { cut += 100; }).reset();
    CHECK(grant->holders() == 1);
    grant->end(revoked);
    CHECK(cut == 1);
    CHECK(grant->has_ended());
    grant->end({core::Code::unauthorized, "again"});
    CHECK(cut == 1);
    CHECK(grant->refusal().reason() == "key_revoked");
}

TEST_CASE("what opens after the end is cut at once") {
    const auto grant = std::make_shared<Grant>(ops::local_principal());
    grant->end(revoked);
    bool is_cut = false;
    CHECK_FALSE(grant->hold([&] { is_cut = true; }));
    CHECK(is_cut);
}

TEST_CASE("who is cut may let go of its hold meanwhile") {
    const auto grant = std::make_shared<Grant>(ops::local_principal());
    std::shared_ptr<const void> first;
    std::shared_ptr<const void> second;
    first = grant->hold([&] { first.reset(); });
    second = grant->hold([&] { first.reset(); });
    grant->end(revoked);
    CHECK_FALSE(first);
    CHECK(grant->holders() == 0);
    second.reset();
}
