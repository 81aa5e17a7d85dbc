#include "desk/files/history.hpp"

#include <algorithm>
#include <functional>

namespace carrel::desk::files {

namespace {

constexpr std::size_t most_edits = 200;

std::uint64_t digest_of(std::string_view text) { return std::hash<std::string_view>{}(text); }

}  // namespace

Reverse reverse_of(std::string_view before, std::string_view after) {
    const auto digest = digest_of(after);
    const auto begin = static_cast<std::size_t>(std::ranges::mismatch(before, after).in1 - before.begin());
    before.remove_prefix(begin);
    after.remove_prefix(begin);
    std::size_t end = 0;
    while (end < std::min(before.size(), after.size()) &&
           before[before.size() - 1 - end] == after[after.size() - 1 - end])
        ++end;
    return {begin, after.size() - end, std::string{before.substr(0, before.size() - end)}, digest};
}

std::optional<std::string> take_back(const Reverse& reverse, std::string_view after) {
    if (reverse.at + reverse.new_size > after.size() || digest_of(after) != reverse.digest)
        return std::nullopt;
    std::string before{after.substr(0, reverse.at)};
    before += reverse.old_part;
    before += after.substr(reverse.at + reverse.new_size);
    return before;
}

void History::remember(std::string path, Reverse reverse) {
    edits_.push_back({std::move(path), std::move(reverse)});
    held_ += edits_.back().size();
    while (held_ > most_bytes_ || edits_.size() > most_edits) {
        held_ -= edits_.front().size();
        edits_.pop_front();
    }
}

const Reverse* History::find_last(std::string_view path) const {
    const auto found = std::ranges::find(edits_.rbegin(), edits_.rend(), path, &Edit::path);
    return found == edits_.rend() ? nullptr : &found->reverse;
}

void History::forget_last(std::string_view path) {
    const auto found = std::ranges::find(edits_.rbegin(), edits_.rend(), path, &Edit::path);
    if (found == edits_.rend()) return;
    held_ -= found->size();
    edits_.erase(std::next(found).base());
}

}  // namespace carrel::desk::files
