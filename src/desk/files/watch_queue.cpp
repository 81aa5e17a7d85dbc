#include "desk/files/watch_queue.hpp"

#include <algorithm>
#include <utility>

#include "desk/files/paths.hpp"
#include "net/sse.hpp"

namespace carrel::desk::files {

std::string frame_of(const WatchEvent& event) {
    json::Object data;
    put_path(data, "path", event.path);
    if (!event.from.empty()) put_path(data, "from", event.from);
    data["is_dir"] = event.is_dir;
    return net::sse_frame(std::nullopt, event.type, json::to_text(data));
}

bool is_below(std::string_view path, std::string_view folder) {
    return path == folder ||
           (path.starts_with(folder) && (folder == "/" || path.substr(folder.size()).starts_with('/')));
}

void WatchQueue::add(WatchEvent event) {
    const bool is_told = event.type == "modified" && !entries_.empty() && entries_.back().event == event;
    if (!is_told) entries_.push_back({std::move(event), std::nullopt});
}

void WatchQueue::add_left(std::uint32_t cookie, std::string path, bool is_dir, Moment now) {
    entries_.push_back({{"deleted", std::move(path), {}, is_dir}, Left{cookie, now + patience}});
}

std::optional<std::string> WatchQueue::take_left(std::uint32_t cookie) {
    const auto place = std::ranges::find_if(
        entries_, [&](const Entry& entry) { return entry.left && entry.left->cookie == cookie; });
    if (place == entries_.end()) return std::nullopt;
    auto path = std::move(place->event.path);
    entries_.erase(place);
    return path;
}

template <class Which>
std::vector<std::string> WatchQueue::give_up_which(Which which) {
    std::vector<std::string> folders;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (!entries_[i].left || !which(entries_[i])) continue;
        entries_[i].left.reset();
        if (!entries_[i].event.is_dir) continue;
        folders.push_back(entries_[i].event.path);
        const auto since = entries_.begin() + static_cast<std::ptrdiff_t>(i) + 1;
        const auto is_inside = [&](const Entry& entry) { return is_below(entry.event.path, folders.back()); };
        entries_.erase(std::remove_if(since, entries_.end(), is_inside), entries_.end());
    }
    return folders;
}

std::vector<std::string> WatchQueue::give_up(Moment now) {
    return give_up_which([&](const Entry& entry) { return entry.left->due <= now; });
}

std::vector<std::string> WatchQueue::give_up_at(std::string_view path) {
    return give_up_which([&](const Entry& entry) { return entry.event.path == path; });
}

std::optional<WatchQueue::Moment> WatchQueue::due() const {
    std::optional<Moment> first;
    for (const auto& entry : entries_)
        if (entry.left && (!first || entry.left->due < *first)) first = entry.left->due;
    return first;
}

std::vector<WatchEvent> WatchQueue::take() {
    const auto waiting =
        std::ranges::find_if(entries_, [](const Entry& entry) { return entry.left.has_value(); });
    std::vector<WatchEvent> told;
    for (auto place = entries_.begin(); place != waiting; ++place) told.push_back(std::move(place->event));
    entries_.erase(entries_.begin(), waiting);
    return told;
}

}  // namespace carrel::desk::files
