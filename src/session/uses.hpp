// Who uses sessions' desks: calls, transfers, terminals, viewers, streams; and when the last one ended.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace carrel::session {

class Uses {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// Of the session with that id, for as long as the answer lives; that may be longer than this.
    std::shared_ptr<void> enter(const std::string& session);
    /// As if somebody had used it just now.
    void touch(const std::string& session) { (*entries_)[session].last = std::chrono::steady_clock::now(); }
    /// How many use it now.
    std::size_t count(const std::string& session) const;
    /// When somebody last began or ended to use it; the beginning of time when nobody did.
    Time last(const std::string& session) const;
    /// The session is no more.
    void forget(const std::string& session);

private:
    struct Entry {
        std::size_t count = 0;
        Time last;
    };
    /// Shared with those who have entered.
    std::shared_ptr<std::map<std::string, Entry>> entries_ = std::make_shared<std::map<std::string, Entry>>();
};

/// What keeps `use` for as long as `value` is held.
template <class T>
std::shared_ptr<T> held_with(std::shared_ptr<T> value, std::shared_ptr<void> use) {
    auto* const target = value.get();
    auto both = std::make_shared<std::pair<std::shared_ptr<T>, std::shared_ptr<void>>>(std::move(value),
                                                                                       std::move(use));
    return {std::move(both), target};
}

}  // namespace carrel::session
