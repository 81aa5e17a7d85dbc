#include "desk/page/references.hpp"

#include <algorithm>

namespace carrel::desk::page {

namespace {

constexpr std::size_t most_ranges = 4'000;

}  // namespace

void PageReferences::add(int end, const PageDocument& document) {
    if (end <= next_) return;
    if (!ranges_.empty() && ranges_.back().document == document)
        ranges_.back().end = end;
    else
        ranges_.push_back({.first = next_, .end = end, .document = document});
    next_ = end;
    if (ranges_.size() > most_ranges) ranges_.pop_front();
}

std::optional<PageDocument> PageReferences::find(int number) const {
    const auto range = std::ranges::upper_bound(ranges_, number, {}, &Range::first);
    if (range == ranges_.begin() || number >= std::prev(range)->end) return std::nullopt;
    return std::prev(range)->document;
}

}  // namespace carrel::desk::page
