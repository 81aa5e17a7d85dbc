#include "people/key_ring.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>

namespace carrel::people {

namespace {

using core::Code;
using core::Error;

Error revoked_key() { return {Code::unauthorized, "this key was revoked", "key_revoked"}; }
Error expired_key() { return {Code::unauthorized, "this key has expired", "key_expired"}; }

core::Instant to_the_minute(core::Instant instant) {
    return std::chrono::floor<std::chrono::minutes>(instant);
}

template <class T>
void tighten(std::optional<T>& limit, const std::optional<T>& other) {
    if (other && (!limit || *other < *limit)) limit = other;
}

}  // namespace

void KeyRing::add_fixed(ops::Principal principal, const crypto::Sha256& digest) {
    insert(digest, {{}, std::make_shared<Grant>(std::move(principal))});
}

void KeyRing::add(store::KeyRow row) {
    // A role that only another version knows opens nothing.
    const auto role = ops::find_role(row.role).value_or(ops::Role::guest);
    auto grant = std::make_shared<Grant>(ops::Principal{row.principal, role, row.id}, row.expires_at);
    if (row.revoked_at)
        grant->end(revoked_key());
    else if (row.expires_at)
        ends_.emplace(*row.expires_at, row.id);
    by_id_[row.id] = row.digest;
    by_user_.emplace(row.principal, row.digest);
    const auto digest = row.digest;
    insert(digest, {std::move(row), std::move(grant)});
}

void KeyRing::insert(const crypto::Sha256& digest, Entry entry) {
    open_->end({Code::unauthorized, "this server asks for a key now"});
    by_digest_.insert_or_assign(digest, std::move(entry));
}

void KeyRing::end_if_over(Entry& entry, core::Instant now) {
    const auto& expires = entry.row.expires_at;
    if (!expires || now < *expires || entry.grant->has_ended()) return;
    ends_.erase({*expires, entry.row.id});
    entry.grant->end(expired_key());
}

std::shared_ptr<Grant> KeyRing::find(const crypto::Sha256& digest, core::Instant now) {
    const auto place = by_digest_.find(digest);
    if (place == by_digest_.end()) return nullptr;
    auto& entry = place->second;
    end_if_over(entry, now);
    note_use(entry, now);
    return entry.grant;
}

void KeyRing::note_use(std::string_view id, core::Instant now) {
    const auto place = by_id_.find(id);
    if (place != by_id_.end()) note_use(by_digest_.at(place->second), now);
}

void KeyRing::note_use(Entry& entry, core::Instant now) {
    auto& row = entry.row;
    if (!row.id.empty() && !entry.grant->has_ended() && row.last_used_at != to_the_minute(now))
        used_[row.id] = *(row.last_used_at = to_the_minute(now));
}

const store::KeyRow* KeyRing::find_row(std::string_view id) const {
    const auto place = by_id_.find(id);
    return place == by_id_.end() ? nullptr : &by_digest_.at(place->second).row;
}

std::vector<const store::KeyRow*> KeyRing::rows(std::string_view user) const {
    std::vector<const store::KeyRow*> rows;
    for (const auto& [id, digest] : by_id_) {
        const auto& row = by_digest_.at(digest).row;
        if (user.empty() || row.principal == user) rows.push_back(&row);
    }
    std::ranges::sort(rows, [](const store::KeyRow* left, const store::KeyRow* right) {
        return std::tie(left->created_at, left->id) > std::tie(right->created_at, right->id);
    });
    return rows;
}

void KeyRing::revoke(std::string_view id, core::Instant now) {
    const auto place = by_id_.find(id);
    if (place == by_id_.end())
        throw Error{Code::not_found, "there is no key " + std::string{id} + ": `carrel key list` shows them"};
    auto& entry = by_digest_.at(place->second);
    if (!entry.row.revoked_at) entry.row.revoked_at = now;
    if (entry.row.expires_at) ends_.erase({*entry.row.expires_at, entry.row.id});
    entry.grant->end(revoked_key());
}

void KeyRing::end_expired(core::Instant now) {
    while (!ends_.empty() && ends_.begin()->first <= now) {
        const auto id = ends_.begin()->second;
        end_if_over(by_digest_.at(by_id_.at(id)), now);
    }
}

std::optional<core::Instant> KeyRing::next_end() const {
    if (ends_.empty()) return std::nullopt;
    return ends_.begin()->first;
}

std::vector<std::pair<std::string, core::Instant>> KeyRing::take_used() {
    std::vector<std::pair<std::string, core::Instant>> used{used_.begin(), used_.end()};
    used_.clear();
    return used;
}

template <class Use>
void KeyRing::each_living_of(std::string_view user, Use use) const {
    const auto [first, last] = by_user_.equal_range(user);
    for (auto place = first; place != last; ++place) {
        const auto& entry = by_digest_.at(place->second);
        if (!entry.grant->has_ended()) use(entry.row);
    }
}

ops::UserLimits KeyRing::limits_of(std::string_view user) const {
    ops::UserLimits limits;
    each_living_of(user, [&limits](const store::KeyRow& row) {
        tighten(limits.most_desks, row.most_desks);
        tighten(limits.memory_mb, row.memory_mb);
        if (row.cpu_percent) tighten(limits.cpus, std::optional{*row.cpu_percent / 100.0});
    });
    return limits;
}

std::optional<std::string> KeyRing::model_key_of(std::string_view user, std::string_view vendor) const {
    const store::KeyRow* newest = nullptr;
    const std::string name{vendor};
    each_living_of(user, [&](const store::KeyRow& row) {
        if (row.model_keys.contains(name) && (!newest || row.created_at > newest->created_at)) newest = &row;
    });
    if (!newest) return std::nullopt;
    return newest->model_keys.at(name);
}

}  // namespace carrel::people
