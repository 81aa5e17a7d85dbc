#include "people/links.hpp"

#include <doctest/doctest.h>

#include "people/tickets.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using people::Links;
using people::Tickets;

namespace {

store::LinkRow row(std::string id, std::string session, std::string key, core::Instant expires) {
    return {.id = id,
            .digest = crypto::sha256(id),
            .session_id = std::move(session),
            .principal = "alice",
            .key_id = std::move(key),
            .role = "viewer",
            .created_at = core::Instant{},
            .expires_at = expires};
}

}  // namespace

TEST_CASE("a link reaches its own session and no other, whoever owns it") {
    Links links;
    links.add(row("l1", "s1", "", core::Instant{10s}));
    const auto grant = links.find(crypto::sha256("l1"), core::Instant{});
    const auto& linked = grant->principal();
    CHECK(linked.reaches("alice", "s1"));
    CHECK_FALSE(linked.reaches("alice", "s2"));
    CHECK_FALSE(linked.reaches("bob", "s1"));
    CHECK(linked.may(ops::Permission::view));
    CHECK_FALSE(linked.may(ops::Permission::control));
    CHECK_FALSE(links.find(crypto::sha256("l2"), core::Instant{}));
}

TEST_CASE("links end by time, one by one, and with the key of who made them") {
    Links links;
    int cut = 0;
    std::vector<std::shared_ptr<const void>> kept;
    for (auto each : {row("l1", "s1", "k1", core::Instant{10s}), row("l2", "s1", "k2", core::Instant{20s}),
                      row("l3", "s1", "k1", core::Instant{30s}), row("l4", "s2", "k2", core::Instant{30s})}) {
        links.add(each);
        kept.push_back(links.find(each.digest, core::Instant{})->hold([&] { ++cut; }));
    }
    CHECK(links.of_session("s1").size() == 3);
    CHECK_FALSE(links.find(crypto::sha256("l1"), core::Instant{10s}));
    CHECK(links.end_expired(core::Instant{10s}) == std::vector<std::string>{"l1"});
    CHECK(cut == 1);
    CHECK_FALSE(links.revoke("s2", "l2"));
    CHECK(links.revoke("s1", "l2"));
    CHECK(cut == 2);
    links.revoke_those_of("k1");
    CHECK(cut == 3);
    CHECK(links.of_session("s1").empty());
    CHECK(links.size() == 1);
    CHECK(links.next_end() == core::Instant{30s});
}

TEST_CASE("a ticket opens once, within a minute") {
    Tickets tickets;
    const auto grant = std::make_shared<people::Grant>(ops::local_principal());
    const Tickets::Clock::time_point start{};
    const auto ticket = tickets.make(grant, start);
    CHECK(tickets.take(ticket, start + 59s) == grant);
    CHECK_FALSE(tickets.take(ticket, start + 59s));
    CHECK_FALSE(tickets.take(tickets.make(grant, start), start + 60s));
    CHECK_FALSE(tickets.take("ct_nothing", start));
}

TEST_CASE("one too many ends the caller's oldest ticket, and nobody else's") {
    Tickets tickets;
    const auto alice = std::make_shared<people::Grant>(ops::local_principal());
    const auto bob = std::make_shared<people::Grant>(ops::local_principal());
    const Tickets::Clock::time_point start{};
    const auto of_bob = tickets.make(bob, start);
    const auto first = tickets.make(alice, start);
    for (std::size_t i = 0; i < people::most_tickets_of_one; ++i) tickets.make(alice, start + 1s);
    CHECK(tickets.size() == people::most_tickets_of_one + 1);
    CHECK_FALSE(tickets.take(first, start + 1s));
    CHECK(tickets.take(of_bob, start + 1s) == bob);
}
