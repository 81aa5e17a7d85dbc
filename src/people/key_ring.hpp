// The keys that open the server, in memory: those of the store, and those that the server was started with.
// Looked up by digest, so that ten thousand are found as fast as one, and the time says nothing of a key.
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

class KeyRing {
public:
    /// One that no store holds: it never ends.
    void add_fixed(ops::Principal principal, const crypto::Sha256& digest);
    /// A row of the store. One that was revoked stays known, so that its user is told why it does not open.
    void add(store::KeyRow row);

    /// What the key gives, which may have ended; null when nobody knows it. That it was used counts.
    std::shared_ptr<Grant> find(const crypto::Sha256& digest, core::Instant now);
    /// So does the use of what it has opened, such as a login. Nothing for the id of none.
    void note_use(std::string_view id, core::Instant now);
    const store::KeyRow* find_row(std::string_view id) const;
    /// Newest first, of one user or ("") of all; those that were revoked too.
    std::vector<const store::KeyRow*> rows(std::string_view user) const;

    /// Cuts what it has opened. Throws not_found.
    void revoke(std::string_view id, core::Instant now);
    /// Cuts what expired keys have opened.
    void end_expired(core::Instant now);
    /// When the next one expires.
    std::optional<core::Instant> next_end() const;
    /// Keys that were used since this was asked last, and when: to the minute.
    std::vector<std::pair<std::string, core::Instant>> take_used();

    /// Of the store, those that were revoked too.
    std::size_t size() const { return by_id_.size(); }
    /// What everybody has as long as no key is asked for; it ends with the first key.
    const std::shared_ptr<Grant>& open() const { return open_; }
    /// Whether no key is asked for: there is none, and never was.
    bool is_empty() const { return by_digest_.empty(); }
    /// The tightest that the user's living keys say of each.
    ops::UserLimits limits_of(std::string_view user) const;
    /// Where the user's own key of that vendor stands, as the newest of their living keys says.
    std::optional<std::string> model_key_of(std::string_view user, std::string_view vendor) const;

private:
    struct Entry {
        store::KeyRow row;  ///< without an id: of none that the store holds
        std::shared_ptr<Grant> grant;
    };
    void insert(const crypto::Sha256& digest, Entry entry);
    void end_if_over(Entry& entry, core::Instant now);
    void note_use(Entry& entry, core::Instant now);
    template <class Use>
    void each_living_of(std::string_view user, Use use) const;

    std::shared_ptr<Grant> open_ = std::make_shared<Grant>(ops::local_principal());
    std::map<crypto::Sha256, Entry> by_digest_;
    std::map<std::string, crypto::Sha256, std::less<>> by_id_;
    std::multimap<std::string, crypto::Sha256, std::less<>> by_user_;
    std::set<std::pair<core::Instant, std::string>> ends_;  ///< of living keys, by id
    std::map<std::string, core::Instant> used_;
};

}  // namespace carrel::people
