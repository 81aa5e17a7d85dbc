// What file/watch tells, in its order: the pure half of watching. The kernel tells a move in two records, and
// queues them one after another (fsnotify_move): others may come between them, and a reader may find the
// first one alone. So what has left one place waits for where it comes up, and what happened since waits
// behind it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carrel::desk::files {

struct WatchEvent {
    std::string_view type;  ///< "created", "modified", "deleted", "moved", "overflow"
    std::string path;       ///< absolute
    std::string from;       ///< of "moved": where it was
    bool is_dir = false;
    bool operator==(const WatchEvent&) const = default;
};

/// The event as a frame of an event stream.
std::string frame_of(const WatchEvent& event);

class WatchQueue {
public:
    using Moment = std::chrono::steady_clock::time_point;
    /// How long something that left waits for the other half. The mover is between two calls in the kernel,
    /// but may have lost its processor there.
    static constexpr std::chrono::milliseconds patience{100};

    /// A program that writes in small pieces is told once for each of our turns.
    void add(WatchEvent event);
    /// `path` was moved somewhere; `cookie` is what both records have in common.
    void add_left(std::uint32_t cookie, std::string path, bool is_dir, Moment now);
    /// Where it was, if it has left a place that is watched; it waits no more then.
    std::optional<std::string> take_left(std::uint32_t cookie);

    /// Tells what has waited long enough as deleted, for it was moved out of what is watched. What it held
    /// (and so what happened in there since) is not told. Answers the directories among them.
    std::vector<std::string> give_up(Moment now);
    /// The same for one path, at once: something else is there now.
    std::vector<std::string> give_up_at(std::string_view path);
    /// When the first that waits has waited long enough.
    std::optional<Moment> due() const;

    /// What can be told.
    std::vector<WatchEvent> take();
    /// How many events there are, also those that wait.
    std::size_t size() const { return entries_.size(); }

private:
    struct Left {
        std::uint32_t cookie;
        Moment due;
    };
    struct Entry {
        WatchEvent event;
        std::optional<Left> left;  ///< it waits; the event is what it is when nothing comes
    };
    template <class Which>
    std::vector<std::string> give_up_which(Which which);

    std::vector<Entry> entries_;
};

/// Whether `path` is `folder`, or below it.
bool is_below(std::string_view path, std::string_view folder);

}  // namespace carrel::desk::files
