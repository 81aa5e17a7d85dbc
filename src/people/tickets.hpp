// Tickets: for WebSockets and event streams of clients that can send no header. One use, one minute; in
// memory only.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "crypto/digest.hpp"
#include "people/grant.hpp"

namespace carrel::people {

constexpr std::chrono::seconds ticket_lasts{60};
/// Of one grant at a time; one more ends its oldest.
constexpr std::size_t most_tickets_of_one = 100;

class Tickets {
public:
    using Clock = std::chrono::steady_clock;  ///< no jump of the wall clock makes one last

    /// A secret that gives what the grant gives, once.
    std::string make(std::shared_ptr<Grant> grant, Clock::time_point now);
    /// What it gives; null when it was used, is too old, or is none. It is used up by this.
    std::shared_ptr<Grant> take(std::string_view ticket, Clock::time_point now);
    std::size_t size() const { return tickets_.size(); }

private:
    struct Ticket {
        std::shared_ptr<Grant> grant;
        Clock::time_point ends;
    };
    void make_room(const Grant& grant, Clock::time_point now);

    std::map<crypto::Sha256, Ticket> tickets_;  ///< by digest
};

}  // namespace carrel::people
