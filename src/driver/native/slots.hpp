// Which ranges of user ids, and network interfaces, desks have now.
#pragma once

#include <set>

namespace carrel::driver::native {

/// Slots are counted from 0 (see jail::wire::Spec). A slot that was taken is nobody else's until it is freed.
class Slots {
public:
    /// The least that is free.
    unsigned take_next() {
        unsigned slot = 0;
        while (!taken_.insert(slot).second) ++slot;
        return slot;
    }
    void take(unsigned slot) { taken_.insert(slot); }
    void free(unsigned slot) { taken_.erase(slot); }

private:
    std::set<unsigned> taken_;
};

}  // namespace carrel::driver::native
