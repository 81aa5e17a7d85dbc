#include "people/tickets.hpp"

#include <utility>

#include "core/id.hpp"

namespace carrel::people {

void Tickets::make_room(const Grant& grant, Clock::time_point now) {
    std::erase_if(tickets_, [now](const auto& each) { return now >= each.second.ends; });
    std::size_t count = 0;
    auto oldest = tickets_.end();
    for (auto each = tickets_.begin(); each != tickets_.end(); ++each) {
        if (each->second.grant.get() != &grant) continue;
        ++count;
        if (oldest == tickets_.end() || each->second.ends < oldest->second.ends) oldest = each;
    }
    if (count >= most_tickets_of_one) tickets_.erase(oldest);
}

std::string Tickets::make(std::shared_ptr<Grant> grant, Clock::time_point now) {
    make_room(*grant, now);
    auto secret = "ct_" + core::random_hex(48);
    tickets_[crypto::sha256(secret)] = {std::move(grant), now + ticket_lasts};
    return secret;
}

std::shared_ptr<Grant> Tickets::take(std::string_view ticket, Clock::time_point now) {
    const auto place = tickets_.find(crypto::sha256(ticket));
    if (place == tickets_.end()) return nullptr;
    const auto taken = std::move(place->second);
    tickets_.erase(place);
    return now < taken.ends ? taken.grant : nullptr;
}

}  // namespace carrel::people
