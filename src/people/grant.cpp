#include "people/grant.hpp"

#include <utility>

namespace carrel::people {

void Grant::end(core::Error refusal) {
    if (has_ended()) return;
    refusal_ = std::move(refusal);
    // Who is cut lets go of its place here, so the list is ours alone meanwhile.
    for (const auto& [number, cut] : std::exchange(cuts_, {})) cut();
}

std::shared_ptr<const void> Grant::hold(std::function<void()> cut) {
    if (has_ended()) {
        cut();
        return nullptr;
    }
    const auto number = ++last_;
    cuts_[number] = std::move(cut);
    const auto let_go = [grant = shared_from_this(), number](const void*) { grant->cuts_.erase(number); };
    // What it points to is nothing: only the end of it counts.
    return {this, let_go};
}

}  // namespace carrel::people
