// What the browser downloads: which files, how far, where to. They land where its own settings say.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "desk/cdp/cdp.hpp"

namespace carrel::desk::page {

using async::Task;

struct Download {
    enum class State { running, completed, failed };

    std::string id;
    std::string url;
    std::string name;  ///< that the page suggested
    std::string path;  ///< where it is, once it is complete
    State state = State::running;
    std::int64_t received = 0;
    std::int64_t total = 0;    ///< 0: not known
    std::uint64_t change = 0;  ///< rises with each change of any state
};

std::string_view name_of(Download::State state);

/// The last ones, oldest first. Pure.
class DownloadList {
public:
    bool take(std::string_view method, const json::Value& params);
    const std::deque<Download>& all() const { return all_; }
    /// Number of the last change of a state.
    std::uint64_t last_change() const { return last_change_; }

private:
    Download* find(std::string_view id);

    std::deque<Download> all_;
    std::uint64_t last_change_ = 0;
};

/// Has the browser report its downloads from the beginning of each connection.
class Downloads {
public:
    /// `cdp` must outlive it.
    explicit Downloads(cdp::Cdp& cdp);
    /// The same by another connection, which may be there when this one is not.
    void listen_by(cdp::Cdp& cdp);

    const DownloadList& list() const { return list_; }

private:
    DownloadList list_;
    std::vector<cdp::Cdp::Subscription> subscriptions_;
};

}  // namespace carrel::desk::page
