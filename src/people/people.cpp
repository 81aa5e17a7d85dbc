#include "people/people.hpp"

#include <algorithm>
#include <utility>

#include "core/error.hpp"
#include "core/id.hpp"
#include "core/log.hpp"
#include "json/parse.hpp"

namespace carrel::people {

namespace {

using core::Code;
using core::Error;
using namespace std::chrono_literals;

/// Digits of a secret: 192 bits.
constexpr std::size_t secret_digits = 48;
/// How long what expires waits for a look at the clock at most: clocks are set, and machines sleep.
constexpr std::chrono::milliseconds longest_look = 60s;

}  // namespace

KeyWish wish_of(const ops::CreateKey& asked) {
    KeyWish wish{.user = asked.user,
                 .role = ops::find_role(asked.role).value(),
                 .name = asked.name,
                 .lasts = std::nullopt,
                 .limits = {asked.most_desks, asked.cpus, asked.memory_mb},
                 .model_keys = {}};
    if (asked.expires_seconds) wish.lasts = std::chrono::seconds{*asked.expires_seconds};
    if (asked.model_keys)
        for (const auto& [vendor, reference] : *asked.model_keys)
            wish.model_keys[vendor] = reference.as_string();
    return wish;
}

Given<store::KeyRow> make_key(KeyWish wish, core::Instant now) {
    Given<store::KeyRow> given;
    given.secret = "ck_" + core::random_hex(secret_digits);
    auto& row = given.row;
    row.id = core::make_id("key_");
    row.digest = crypto::sha256(given.secret);
    row.principal = std::move(wish.user);
    row.role = ops::name_of(wish.role);
    row.name = std::move(wish.name);
    row.created_at = now;
    if (wish.lasts) row.expires_at = now + *wish.lasts;
    row.most_desks = wish.limits.most_desks;
    row.memory_mb = wish.limits.memory_mb;
    if (wish.limits.cpus) row.cpu_percent = static_cast<int>(*wish.limits.cpus * 100 + 0.5);
    row.model_keys = std::move(wish.model_keys);
    return given;
}

People::People(async::Executor executor, store::Store& store, const core::Clock& clock)
    : store_{store}, clock_{clock}, changed_{std::move(executor)} {}

Task<> People::load() {
    for (auto& row : co_await store_.run([](store::Transaction& t) { return t.keys(); }))
        rings_->keys.add(std::move(row));
    for (auto& row : co_await store_.run([](store::Transaction& t) { return t.links(); }))
        if (!has_ended(row.key_id)) rings_->links.add(std::move(row));
}

Task<> People::keep() {
    for (;;) {
        co_await drop_expired();
        co_await write_used();
        auto next = rings_->keys.next_end();
        if (const auto link = rings_->links.next_end(); link && (!next || *link < *next)) next = link;
        auto look = longest_look;
        if (next) look = std::clamp<std::chrono::milliseconds>(*next - clock_.now(), 1ms, longest_look);
        if (!next && rings_->keys.size() == 0)
            co_await changed_.wait();
        else
            co_await changed_.wait_for(look);
    }
}

Task<> People::drop_expired() {
    rings_->keys.end_expired(clock_.now());
    auto ids = rings_->links.end_expired(clock_.now());
    if (ids.empty()) co_return;
    store_.post([ids = std::move(ids)](store::Transaction& t) {
        for (const auto& id : ids) t.delete_link(id);
    });
}

Task<> People::write_used() {
    auto used = rings_->keys.take_used();
    if (used.empty()) co_return;
    store_.post([used = std::move(used)](store::Transaction& t) {
        for (const auto& [id, when] : used) t.set_key_used(id, when);
    });
}

bool People::has_ended(const std::string& key_id) const {
    const auto* key = key_id.empty() ? nullptr : rings_->keys.find_row(key_id);
    return key && (key->revoked_at || (key->expires_at && *key->expires_at <= clock_.now()));
}

/// Its request may have been begun long before.
void People::refuse_ended(const std::string& key_id) const {
    if (has_ended(key_id)) throw Error{Code::unauthorized, "this key has ended", "ended_key"};
}

Task<Given<store::KeyRow>> People::give_key(KeyWish wish, std::string giver_key) {
    refuse_ended(giver_key);
    if (rings_->keys.is_empty() && wish.role != ops::Role::admin)
        throw Error{
            Code::conflict,
            "the first key must be an admin's: from then on the server asks for one, and nobody could "
            "give the next",
            "first_key_is_no_admin"};
    if (rings_->keys.size() >= most_keys)
        throw Error{Code::exhausted, "there are as many keys as are kept", "too_many_keys"};
    auto given = make_key(std::move(wish), clock_.now());
    co_await store_.run([row = given.row](store::Transaction& t) { t.insert_key(row); });
    rings_->keys.add(given.row);
    core::log_info("key {} was given to {} ({})", given.row.id, given.row.principal, given.row.role);
    changed_.notify_all();
    co_return given;
}

Task<> People::revoke_key(std::string id) {
    const auto now = clock_.now();
    rings_->keys.revoke(id, now);
    rings_->links.revoke_those_of(id);
    core::log_info("key {} was revoked", id);
    co_await store_.run([=](store::Transaction& t) { t.revoke_key(id, now); });
}

Task<Given<store::LinkRow>> People::give_link(std::string session, std::string owner, ops::Principal giver,
                                              ops::Role role, std::chrono::seconds lasts) {
    if (rings_->links.of_session(session).size() >= most_links_of_session)
        throw Error{Code::conflict, "the session has as many links as are kept: revoke some",
                    "too_many_links"};
    Given<store::LinkRow> given;
    given.secret = core::random_hex(secret_digits);
    const auto now = clock_.now();
    given.row = {.id = core::make_id("link_"),
                 .digest = crypto::sha256(given.secret),
                 .session_id = std::move(session),
                 .principal = std::move(owner),
                 .key_id = std::move(giver.key_id),
                 .role = std::string{ops::name_of(role)},
                 .created_at = now,
                 .expires_at = now + lasts};
    // No longer than the key that gives it; and not any more when that has ended meanwhile.
    const auto* key = rings_->keys.find_row(given.row.key_id);
    if (key && key->expires_at) given.row.expires_at = std::min(given.row.expires_at, *key->expires_at);
    refuse_ended(given.row.key_id);
    co_await store_.run([row = given.row](store::Transaction& t) { t.insert_link(row); });
    if (has_ended(given.row.key_id)) {
        co_await store_.run([id = given.row.id](store::Transaction& t) { t.delete_link(id); });
        refuse_ended(given.row.key_id);
    }
    rings_->links.add(given.row);
    changed_.notify_all();
    co_return given;
}

Task<> People::revoke_link(std::string session, std::string id) {
    if (!rings_->links.revoke(session, id)) throw Error{Code::not_found, "the session has no link " + id};
    co_await store_.run([=](store::Transaction& t) { t.delete_link(id); });
}

}  // namespace carrel::people
