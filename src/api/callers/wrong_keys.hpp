// Wrong keys, counted by where they come from. Pure but for what it remembers.
//
// Keys are long (16 characters at least), so nobody guesses one; who tries is answered later and later, and
// is seen in the log. The right key is never held back: nobody can be locked out by another's tries from the
// same address.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>

#include "core/clock.hpp"

namespace carrel::api {

class WrongKeys {
public:
    /// Notes one more from that network: how long its answer is held back.
    std::chrono::milliseconds note(const std::string& network, core::Instant now);
    /// How many there have been of late.
    std::size_t count(const std::string& network) const;
    std::size_t size() const { return tries_.size(); }

private:
    struct Tries {
        std::size_t count = 0;
        core::Instant last;
    };
    void make_room(core::Instant now);

    std::map<std::string, Tries, std::less<>> tries_;
};

}  // namespace carrel::api
