#include "api/callers/logins.hpp"

#include <algorithm>
#include <utility>

#include "core/id.hpp"

namespace carrel::api {

bool Logins::has_ended(const Login& login) const {
    const auto now = clock_->now();
    return now >= login.begun + login_lasts || now >= login.used + login_may_idle;
}

void Logins::make_room(const std::string& principal) {
    std::erase_if(logins_, [this](const auto& each) { return has_ended(each.second); });
    const auto is_theirs = [&principal](const auto& each) {
        return each.second.grant->principal().name == principal;
    };
    if (static_cast<std::size_t>(std::ranges::count_if(logins_, is_theirs)) < most_logins_of_one) return;
    auto oldest = logins_.end();
    for (auto each = logins_.begin(); each != logins_.end(); ++each)
        if (is_theirs(*each) && (oldest == logins_.end() || each->second.used < oldest->second.used))
            oldest = each;
    logins_.erase(oldest);
}

std::string Logins::begin(std::shared_ptr<people::Grant> grant) {
    make_room(grant->principal().name);
    auto secret = core::random_hex(64);
    const auto now = clock_->now();
    logins_[crypto::sha256(secret)] = {std::move(grant), now, now};
    return secret;
}

std::shared_ptr<people::Grant> Logins::find(std::string_view secret) {
    const auto login = logins_.find(crypto::sha256(secret));
    if (login == logins_.end()) return nullptr;
    if (has_ended(login->second)) {
        logins_.erase(login);
        return nullptr;
    }
    login->second.used = clock_->now();
    return login->second.grant;
}

void Logins::end(std::string_view secret) { logins_.erase(crypto::sha256(secret)); }

}  // namespace carrel::api
