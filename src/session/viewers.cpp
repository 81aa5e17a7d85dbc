#include "session/viewers.hpp"

namespace carrel::session {

namespace {

std::size_t& kind_of(ViewerCounts& counts, bool view_only) {
    return view_only ? counts.watching : counts.in_control;
}

}  // namespace

std::shared_ptr<void> Viewers::enter(const std::string& session, bool view_only) {
    ++kind_of((*counts_)[session], view_only);
    return {nullptr, [counts = counts_, session, view_only](std::nullptr_t) {
                const auto entry = counts->find(session);
                --kind_of(entry->second, view_only);
                if (entry->second == ViewerCounts{}) counts->erase(entry);
            }};
}

ViewerCounts Viewers::of(const std::string& session) const {
    const auto entry = counts_->find(session);
    return entry == counts_->end() ? ViewerCounts{} : entry->second;
}

ViewerCounts Viewers::all() const {
    ViewerCounts sum;
    for (const auto& [session, counts] : *counts_) {
        sum.watching += counts.watching;
        sum.in_control += counts.in_control;
    }
    return sum;
}

}  // namespace carrel::session
