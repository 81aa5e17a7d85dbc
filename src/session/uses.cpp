#include "session/uses.hpp"

namespace carrel::session {

std::shared_ptr<void> Uses::enter(const std::string& session) {
    auto& entry = (*entries_)[session];
    ++entry.count;
    entry.last = std::chrono::steady_clock::now();
    return {nullptr, [entries = entries_, session](std::nullptr_t) {
                const auto found = entries->find(session);
                if (found == entries->end()) return;
                --found->second.count;
                found->second.last = std::chrono::steady_clock::now();
            }};
}

std::size_t Uses::count(const std::string& session) const {
    const auto entry = entries_->find(session);
    return entry == entries_->end() ? 0 : entry->second.count;
}

Uses::Time Uses::last(const std::string& session) const {
    const auto entry = entries_->find(session);
    return entry == entries_->end() ? Time{} : entry->second.last;
}

void Uses::forget(const std::string& session) {
    const auto entry = entries_->find(session);
    if (entry != entries_->end() && entry->second.count == 0) entries_->erase(entry);
}

}  // namespace carrel::session
