// The watches of a path as a test drives them: records of its own, or what really happened.
#pragma once

#include <unistd.h>

#include <algorithm>

#include "desk/files/watch.hpp"
#include "tests/unit/desk/files/client.hpp"

namespace carrel::files_test {

using namespace desk::files;
using namespace std::chrono_literals;

constexpr WatchQueue::Moment start{1h};
constexpr auto late = start + WatchQueue::patience;

/// A record as inotify(7) writes it.
inline std::string record(int watch, std::uint32_t mask, std::uint32_t cookie, std::string name) {
    name.resize((name.size() / 16 + 1) * 16);
    const inotify_event head{watch, mask, cookie, static_cast<std::uint32_t>(name.size())};
    return std::string{reinterpret_cast<const char*>(&head), sizeof head} + name;
}

/// Watches whose work is done at once.
struct Watching : Watches {
    Watching(std::string path, bool recursive) : Watches(std::move(path), recursive) { finish(); }
    std::vector<WatchEvent> take_all(std::string records, WatchQueue::Moment now) {
        begin(std::move(records), now);
        return finish();
    }
    std::vector<WatchEvent> finish() {
        while (!run(WatchQueue::Moment::max())) {
        }
        return take();
    }
};

/// What a path's watches tell of what really happened.
struct Seen {
    Folder folder;
    static std::string records_of(const Watches& watches) {
        std::string records(1 << 16, '\0');
        const auto count = ::read(watches.descriptor(), records.data(), records.size());
        records.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        return records;
    }
    std::string told(Watching& watches) { return told_of(watches, records_of(watches)); }
    std::string told_of(Watching& watches, std::string records) {
        std::string text;
        for (const auto& event : watches.take_all(std::move(records), start)) {
            const auto line = line_of(event);
            if (!text.ends_with(line)) text += (text.empty() ? "" : ", ") + line;
        }
        return text;
    }
    /// What is told when the kernel has dropped all that waits.
    std::string told_after_loss(Watching& watches) {
        records_of(watches);
        return told_of(watches, record(-1, IN_Q_OVERFLOW, 0, ""));
    }
    /// What is told when `name` is made in each directory that there is: "a/f b/f".
    std::string told_in_each(Watching& watches, const std::string& name) {
        std::vector<fs::path> folders{folder.path};
        for (const auto& entry : fs::recursive_directory_iterator{folder.path})
            if (entry.is_directory()) folders.push_back(entry.path());
        std::ranges::sort(folders);
        for (const auto& each : folders) put(each / name, "");
        std::string text;
        for (const auto& event : watches.take_all(records_of(watches), start))
            if (event.type != "modified") text += (text.empty() ? "" : " ") + line_of(event);
        return text;
    }
    std::string line_of(const WatchEvent& event) const {
        const auto top = folder.path.string();
        if (event.path == top) return std::string{event.type};
        const auto from = event.from.empty() ? "" : " from " + event.from.substr(top.size() + 1);
        return std::string{event.type} + " " + event.path.substr(top.size() + 1) + from;
    }
};

}  // namespace carrel::files_test
