#include "session/usage.hpp"

#include "session/service.hpp"

namespace carrel::session {

Task<SessionUsage> SessionService::usage(Principal principal, std::string id) {
    SessionUsage usage{.row = co_await row_of(std::move(principal), id, Looked::archived_too)};
    usage.model = co_await store_.run([id](store::Transaction& t) { return t.model_usage(id); });
    usage.row.desk = desk_of(usage.row);
    usage.is_busy = turns_.is_busy(id);
    usage.desk = co_await fleet_.usage(id);
    usage.now = clock_.now();
    co_return usage;
}

}  // namespace carrel::session
