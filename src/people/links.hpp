// Links to one session each, for somebody without a key; in memory, in step with the store.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "crypto/digest.hpp"
#include "people/grant.hpp"
#include "store/people_rows.hpp"

namespace carrel::people {

class Links {
public:
    void add(store::LinkRow row);
    /// What the link gives, unless it has ended or nobody knows it.
    std::shared_ptr<Grant> find(const crypto::Sha256& digest, core::Instant now);
    /// Of that session, newest first.
    std::vector<const store::LinkRow*> of_session(std::string_view session) const;
    std::size_t size() const { return by_id_.size(); }

    /// Forgets it and cuts what it has opened; false when there is none of that session.
    bool revoke(std::string_view session, std::string_view id);
    /// The same of all that whoever has that key made.
    void revoke_those_of(std::string_view key_id);
    /// The same of those that have expired; their ids.
    std::vector<std::string> end_expired(core::Instant now);
    std::optional<core::Instant> next_end() const;

private:
    struct Entry {
        store::LinkRow row;
        std::shared_ptr<Grant> grant;
    };
    using Entries = std::map<std::string, Entry, std::less<>>;
    void forget(Entries::iterator place, core::Error why);

    Entries by_id_;
    std::map<crypto::Sha256, std::string> by_digest_;
    std::set<std::pair<std::string, std::string>, std::less<>> by_session_;
    std::set<std::pair<core::Instant, std::string>> ends_;
};

}  // namespace carrel::people
