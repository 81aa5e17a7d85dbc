#include "people/links.hpp"

#include <algorithm>
#include <tuple>

namespace carrel::people {

namespace {

using core::Code;
using core::Error;

Error revoked_link() { return {Code::unauthorized, "this link was revoked", "link_ended"}; }
Error expired_link() { return {Code::unauthorized, "this link has expired", "link_ended"}; }

}  // namespace

void Links::add(store::LinkRow row) {
    const auto role = ops::find_role(row.role).value_or(ops::Role::guest);
    auto grant =
        std::make_shared<Grant>(ops::Principal{row.principal, role, {}, row.session_id}, row.expires_at);
    by_digest_[row.digest] = row.id;
    by_session_.emplace(row.session_id, row.id);
    ends_.emplace(row.expires_at, row.id);
    const auto id = row.id;
    by_id_.insert_or_assign(id, Entry{std::move(row), std::move(grant)});
}

std::shared_ptr<Grant> Links::find(const crypto::Sha256& digest, core::Instant now) {
    const auto known = by_digest_.find(digest);
    if (known == by_digest_.end()) return nullptr;
    const auto& entry = by_id_.at(known->second);
    // What has expired is forgotten by end_expired(), in step with the store.
    return now < entry.row.expires_at ? entry.grant : nullptr;
}

std::vector<const store::LinkRow*> Links::of_session(std::string_view session) const {
    std::vector<const store::LinkRow*> rows;
    for (auto place = by_session_.lower_bound({std::string{session}, {}});
         place != by_session_.end() && place->first == session; ++place)
        rows.push_back(&by_id_.find(place->second)->second.row);
    std::ranges::sort(rows, [](const store::LinkRow* left, const store::LinkRow* right) {
        return std::tie(left->created_at, left->id) > std::tie(right->created_at, right->id);
    });
    return rows;
}

void Links::forget(Entries::iterator place, core::Error why) {
    // Nobody finds it any more when what it opened is cut.
    const auto entry = std::move(place->second);
    by_digest_.erase(entry.row.digest);
    by_session_.erase({entry.row.session_id, entry.row.id});
    ends_.erase({entry.row.expires_at, entry.row.id});
    by_id_.erase(place);
    entry.grant->end(std::move(why));
}

bool Links::revoke(std::string_view session, std::string_view id) {
    const auto place = by_id_.find(id);
    if (place == by_id_.end() || place->second.row.session_id != session) return false;
    forget(place, revoked_link());
    return true;
}

void Links::revoke_those_of(std::string_view key_id) {
    std::vector<std::string> ids;
    for (const auto& [id, entry] : by_id_)
        if (entry.row.key_id == key_id) ids.push_back(id);
    for (const auto& id : ids) forget(by_id_.find(id), revoked_link());
}

std::vector<std::string> Links::end_expired(core::Instant now) {
    std::vector<std::string> ids;
    while (!ends_.empty() && ends_.begin()->first <= now) {
        ids.push_back(ends_.begin()->second);
        forget(by_id_.find(ids.back()), expired_link());
    }
    return ids;
}

std::optional<core::Instant> Links::next_end() const {
    if (ends_.empty()) return std::nullopt;
    return ends_.begin()->first;
}

}  // namespace carrel::people
