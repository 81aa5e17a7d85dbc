// What the programs of a session's desks said. Kept of its desk and of the one before, which a new desk has
// replaced, until the session is purged.
#pragma once

#include <string>
#include <vector>

#include "async/run_on.hpp"
#include "async/task.hpp"
#include "core/desk_log.hpp"
#include "core/error.hpp"
#include "fleet/driver.hpp"
#include "store/store.hpp"

namespace carrel::session {

using async::Task;

/// A line, and the desk that it is of.
struct SaidLine {
    std::string desk;
    core::DeskLogLine line;
};

struct SaidLines {
    std::vector<SaidLine> lines;  ///< the oldest first
    bool is_truncated = false;    ///< there were earlier ones
};

class DeskLogs {
public:
    /// All must outlive it. Files are read and removed in `pool`.
    DeskLogs(async::Pool& pool, store::Store& store, const fleet::DeskLogs& logs)
        : pool_{pool}, store_{store}, logs_{logs} {}

    /// The last `most` lines.
    Task<SaidLines> last_lines(std::string session, std::size_t most);
    /// What a failed start is told as: with the last lines that its programs said.
    Task<core::Error> explain(core::Error error, std::string session);

    /// Of the desks before the newest. Before a new one is made.
    Task<> forget_older(std::string session);
    /// Of desks that no session has any more.
    Task<> forget(std::vector<std::string> desks);
    /// Logs of which no row tells: of sessions that never were, and what a crash left.
    Task<> sweep();

private:
    Task<std::vector<std::string>> desks_of(std::string session);

    async::Pool& pool_;
    store::Store& store_;
    const fleet::DeskLogs& logs_;
};

}  // namespace carrel::session
