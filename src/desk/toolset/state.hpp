// The browser's state after a call of the toolset: the browser_state block, and what waits for the next
// result that can hold it. Facts: the vendor's own SDK (its pipeline and renderer). Pure.
#pragma once

#include <deque>
#include <set>
#include <string>
#include <vector>

#include "desk/cdp/tabs.hpp"
#include "desk/page/page.hpp"
#include "desk/toolset/members.hpp"

namespace carrel::desk::toolset {

/// A tab that was opened, or what became of a download.
struct ToolChange {
    std::string type;  ///< "tab_opened", "download_started", "download_completed", "download_failed"
    std::string id;    ///< of the tab or the download
    std::string url;
    std::string path;
    std::int64_t bytes = 0;
};

/// What a member did. `error` excludes the others.
struct ToolOutcome {
    std::string text;        ///< of a member that tells something
    std::string png;         ///< in base64
    std::string opened_tab;  ///< of new_tab
    std::string error;
    bool is_hung = false;  ///< with an error: the browser did not answer, and need not be asked more
};

class ToolState {
public:
    /// Before a member: what there was so far is not news.
    void begin(const std::vector<cdp::TabInfo>& tabs, std::uint64_t last_download);
    /// The content for the tool_result; `tabs` are those after the call.
    struct Content {
        json::Array blocks;
        bool is_error = false;
    };
    Content finish(const ToolMember* member, const json::Object& input, const ToolOutcome& outcome,
                   std::vector<cdp::TabInfo> tabs, const page::DownloadList& downloads,
                   std::vector<page::DialogRecord> dismissed);

private:
    void note_changes(const std::vector<cdp::TabInfo>& tabs, const page::DownloadList& downloads);
    json::Array take_changes(const std::vector<cdp::TabInfo>& tabs, const std::string& opened_tab);
    void add_dialog_lines(json::Array& blocks);

    bool has_begun_ = false;
    std::set<std::string> known_tabs_;
    std::uint64_t last_download_ = 0;
    std::deque<ToolChange> waiting_;
    std::vector<page::DialogRecord> dialogs_;
};

json::Object text_block(std::string_view text);
/// At most 100 tabs, exactly one of them active.
json::Array tab_entries(std::vector<cdp::TabInfo> tabs);
/// "A confirm dialog "Really?" was dismissed."; at most three, then how many more.
std::vector<std::string> dialog_lines(const std::vector<page::DialogRecord>& dialogs);
/// In one line; a longer one is cut so that it leads nowhere.
std::string tool_url(std::string_view url);

}  // namespace carrel::desk::toolset
