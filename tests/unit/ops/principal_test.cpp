#include "ops/principal.hpp"

#include <doctest/doctest.h>

using namespace carrel::ops;

TEST_CASE("each role may do what the one before it may, and one thing more") {
    const Role roles[] = {Role::guest, Role::viewer, Role::controller, Role::user, Role::admin};
    const Permission permissions[] = {Permission::open, Permission::view, Permission::control,
                                      Permission::create, Permission::admin};
    for (std::size_t role = 0; role < std::size(roles); ++role)
        for (std::size_t permission = 0; permission < std::size(permissions); ++permission)
            CHECK(Principal{"x", roles[role]}.may(permissions[permission]) == (permission <= role));
}

TEST_CASE("roles have names, and other words name none") {
    for (const auto role : {Role::guest, Role::viewer, Role::controller, Role::user, Role::admin})
        CHECK(find_role(name_of(role)) == role);
    for (const auto* word : {"", "owner", "Admin", "root"}) CHECK_FALSE(find_role(word));
}

TEST_CASE("whom a session is open to") {
    const Principal alice{"alice", Role::user};
    const Principal viewer{"alice", Role::viewer};
    const Principal ada{"ada", Role::admin};
    const Principal linked{"alice", Role::controller, {}, "s1"};
    CHECK(alice.reaches("alice", "s1"));
    CHECK(viewer.reaches("alice", "s1"));
    CHECK_FALSE(alice.reaches("bob", "s1"));
    CHECK_FALSE(viewer.reaches("bob", "s1"));
    CHECK(ada.reaches("bob", "s1"));
    CHECK(linked.reaches("alice", "s1"));
    CHECK_FALSE(linked.reaches("alice", "s2"));
    CHECK_FALSE(linked.reaches("bob", "s1"));
    CHECK(alice.share() == "alice");
    CHECK(linked.share() == "link/s1");
    // Not even an admin's rights leave the session of a link.
    CHECK_FALSE(Principal{"ada", Role::admin, {}, "s1"}.reaches("bob", "s2"));
}
