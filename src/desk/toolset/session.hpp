// What members act on, and what is remembered of the browser from one call to the next.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/run_on.hpp"
#include "desk/page/page.hpp"

namespace carrel::desk::toolset {

using async::Task;

/// The last entries of a page's logs that the model has read.
struct LogsRead {
    std::uint64_t console = 0;
    std::uint64_t network = 0;
};

class ToolSession {
public:
    /// `pages` and `pool` must outlive it; `home` is where relative paths begin.
    ToolSession(async::Executor executor, page::Pages& pages, async::Pool& pool, std::string home)
        : executor{std::move(executor)}, pages{pages}, pool{pool}, home{std::move(home)} {}

    /// None when there is no browser. Throws Error{timeout} when it hangs.
    Task<std::vector<cdp::TabInfo>> list_tabs();
    /// As they were listed the last time.
    const std::vector<cdp::TabInfo>& last_tabs() const { return last_tabs_; }
    /// Of this page, for as long as it is kept.
    LogsRead& logs_read(const std::shared_ptr<page::Page>& page);

    const async::Executor executor;
    page::Pages& pages;
    async::Pool& pool;
    const std::string home;

private:
    std::vector<cdp::TabInfo> last_tabs_;  ///< of a browser that hangs that is what is known
    std::map<std::weak_ptr<page::Page>, LogsRead, std::owner_less<>> logs_read_;
};

}  // namespace carrel::desk::toolset
