#include "desk/toolset/session.hpp"

namespace carrel::desk::toolset {

Task<std::vector<cdp::TabInfo>> ToolSession::list_tabs() {
    std::vector<cdp::TabInfo> tabs;
    try {
        tabs = co_await pages.tabs().list();
    } catch (const core::Error& error) {
        if (error.code() != core::Code::unavailable && error.code() != core::Code::conflict) throw;
    }
    last_tabs_ = tabs;
    co_return tabs;
}

LogsRead& ToolSession::logs_read(const std::shared_ptr<page::Page>& page) {
    std::erase_if(logs_read_, [](const auto& entry) { return entry.first.expired(); });
    return logs_read_[page];
}

}  // namespace carrel::desk::toolset
