#include "session/usage.hpp"

#include "core/log.hpp"
#include "session/service.hpp"

namespace carrel::session {

namespace {

/// Nothing of a desk that is not there, or ends at this moment.
Task<std::optional<fleet::Usage>> measure(std::shared_ptr<fleet::Member> member) {
    try {
        co_return co_await member->desk->usage();
    } catch (const core::Error& error) {
        core::log_debug("desk {} cannot be measured: {}", member->row.id, error.message());
    }
    co_return std::nullopt;
}

}  // namespace

Task<SessionUsage> SessionService::usage(Principal principal, std::string id) {
    SessionUsage usage{.row = co_await row_of(std::move(principal), id, Looked::archived_too)};
    usage.model = co_await store_.run([id](store::Transaction& t) { return t.model_usage(id); });
    usage.row.desk = desk_of(usage.row);
    usage.is_busy = turns_.is_busy(id);
    for (auto& member : fleet_.members())
        if (member->row.session_id == id && member->desk && !member->is_ending) {
            usage.desk = co_await measure(std::move(member));
            break;
        }
    usage.now = clock_.now();
    co_return usage;
}

}  // namespace carrel::session
