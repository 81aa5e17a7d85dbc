// Who may come in: keys and links, in memory and in the store, which this keeps in step.
//
// Memory answers every request; the store is written when something is given or taken away. What is taken
// away ends in memory first, so that it is over at once whatever the store says.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "async/gate.hpp"
#include "async/task.hpp"
#include "core/clock.hpp"
#include "ops/people.hpp"
#include "people/key_ring.hpp"
#include "people/links.hpp"
#include "people/tickets.hpp"
#include "store/store.hpp"

namespace carrel::people {

using async::Task;

/// All secrets that the server knows somebody by, but logins.
struct Rings {
    KeyRing keys;
    Links links;
    Tickets tickets;
};

/// What a new key shall be.
struct KeyWish {
    std::string user;
    ops::Role role = ops::Role::user;
    std::string name;
    std::optional<std::chrono::seconds> lasts;
    ops::UserLimits limits;
    std::map<std::string, std::string> model_keys;  ///< by vendor, where it stands
};

/// A row, and the secret, which is told this once.
template <class Row>
struct Given {
    Row row;
    std::string secret;
};

/// Of one session: enough for a team, and no way to fill the store.
constexpr std::size_t most_links_of_session = 100;
constexpr std::size_t most_keys = 100'000;

class People {
public:
    /// All references must outlive it.
    People(async::Executor executor, store::Store& store, const core::Clock& clock);

    /// Reads what the store has; before anybody is let in.
    Task<> load();
    /// Ends what expires, and stores when keys were used last, until it is cancelled.
    Task<> keep();

    /// Shared with whoever asks who somebody is.
    const std::shared_ptr<Rings>& rings() const { return rings_; }

    /// Throws conflict when it would be the first and is no admin's: nobody could give the next.
    Task<Given<store::KeyRow>> give_key(KeyWish wish, std::string giver_key = {});
    /// Throws not_found. Its links end with it.
    Task<> revoke_key(std::string id);

    /// `owner` has the session; `giver` asks. Throws exhausted when the session has too many.
    Task<Given<store::LinkRow>> give_link(std::string session, std::string owner, ops::Principal giver,
                                          ops::Role role, std::chrono::seconds lasts);
    /// Throws not_found.
    Task<> revoke_link(std::string session, std::string id);

    /// What the user of that name may have; no member is set where no key says it.
    ops::UserLimits limits_of(const std::string& user) const { return rings_->keys.limits_of(user); }

private:
    bool has_ended(const std::string& key_id) const;
    void refuse_ended(const std::string& key_id) const;
    Task<> write_used();
    Task<> drop_expired();

    store::Store& store_;
    const core::Clock& clock_;
    std::shared_ptr<Rings> rings_ = std::make_shared<Rings>();
    async::Gate changed_;
};

/// What a request that was understood wishes.
KeyWish wish_of(const ops::CreateKey& asked);
/// A row and its secret, made of a wish.
Given<store::KeyRow> make_key(KeyWish wish, core::Instant now);

}  // namespace carrel::people
