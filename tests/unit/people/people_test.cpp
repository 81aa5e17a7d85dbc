#include "people/people.hpp"

#include <doctest/doctest.h>

#include "tests/fakes/manual_clock.hpp"
#include "tests/fakes/reason_of.hpp"
#include "tests/fakes/run_loop.hpp"
#include "tests/fakes/temp_dir.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using people::People;

namespace {

store::SessionRow session_of(std::string principal) {
    store::SessionRow row;
    row.id = "sess_1";
    row.principal = std::move(principal);
    return row;
}

}  // namespace

TEST_CASE("keys and links are there after a restart, and what was taken away is not") {
    fakes::TempDir dir;
    fakes::ManualClock clock;
    std::string kept;
    std::string revoked;
    std::string linked;
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        store::Store store{executor, {dir.path()}};
        People people{executor, store, clock};
        co_await people.load();
        kept = (co_await people.give_key({.user = "alice",
                                          .role = ops::Role::admin,
                                          .name = "her laptop",
                                          .lasts = 3600s,
                                          .limits = {.most_desks = 3, .cpus = 1.5, .memory_mb = 512},
                                          .model_keys = {{"anthropic", "file:alice"}}}))
                   .secret;
        const auto other = co_await people.give_key({.user = "bob"});
        revoked = other.secret;
        co_await store.run([](store::Transaction& t) { t.insert_session(session_of("bob")); });
        linked =
            (co_await people.give_link("sess_1", "bob", {"alice", ops::Role::admin}, ops::Role::viewer, 60s))
                .secret;
        co_await people.give_link("sess_1", "bob", {"bob", ops::Role::user, other.row.id}, ops::Role::viewer,
                                  60s);
        co_await people.revoke_key(other.row.id);
        CHECK(people.rings()->links.of_session("sess_1").size() == 1);
        co_await store.close();
    });
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        store::Store store{executor, {dir.path()}};
        People people{executor, store, clock};
        co_await people.load();
        auto& keys = people.rings()->keys;
        const auto grant = keys.find(crypto::sha256(kept), clock.now());
        CHECK(grant->principal().name == "alice");
        const auto* row = keys.find_row(grant->principal().key_id);
        CHECK(row->name == "her laptop");
        CHECK(row->expires_at == clock.now() + 3600s);
        CHECK(people.limits_of("alice") == ops::UserLimits{3, 1.5, 512});
        CHECK(keys.model_key_of("alice", "anthropic") == "file:alice");
        CHECK(keys.find(crypto::sha256(revoked), clock.now())->refusal().reason() == "key_revoked");
        CHECK(people.rings()->links.find(crypto::sha256(linked), clock.now())->principal().only_session ==
              "sess_1");
        CHECK(people.rings()->links.of_session("sess_1").size() == 1);
        // A session that is no more has none.
        co_await store.run([](store::Transaction& t) { t.purge_session("sess_1"); });
        CHECK((co_await store.run([](store::Transaction& t) { return t.links(); })).empty());
        co_await store.close();
    });
}

TEST_CASE("the first key must be an admin's") {
    fakes::TempDir dir;
    fakes::ManualClock clock;
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        store::Store store{executor, {dir.path()}};
        People people{executor, store, clock};
        std::string reason;
        try {
            co_await people.give_key({.user = "alice", .role = ops::Role::user});
        } catch (const core::Error& error) {
            reason = error.reason();
        }
        CHECK(reason == "first_key_is_no_admin");
        CHECK(people.rings()->keys.is_empty());
        co_await store.close();
    });
}
