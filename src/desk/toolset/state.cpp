#include "desk/toolset/state.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"

namespace carrel::desk::toolset {

namespace {

constexpr std::size_t most_tabs = 100;
constexpr std::size_t most_waiting = 500;
constexpr std::size_t longest_field = 4'096;
constexpr std::size_t longest_message = 200;
constexpr std::size_t most_dialog_lines = 3;

json::Object image_block(std::string_view png) {
    return {{"type", "image"}, {"source", {{"type", "base64"}, {"media_type", "image/png"}, {"data", png}}}};
}

json::Object to_json(const ToolChange& change) {
    if (change.type == "tab_opened") return {{"type", change.type}, {"tab_id", change.id}};
    json::Object result{{"type", change.type}, {"download_id", change.id}, {"url", tool_url(change.url)}};
    if (change.type == "download_failed") result["error"] = "The download was cancelled or failed.";
    if (change.type != "download_completed") return result;
    result["size_bytes"] = change.bytes;
    // A path that would not be itself in one line could be taken for another.
    if (!change.path.empty() && tool_line(change.path) == change.path) result["path"] = change.path;
    return result;
}

std::string_view change_type(page::Download::State state) {
    if (state == page::Download::State::completed) return "download_completed";
    return state == page::Download::State::failed ? "download_failed" : "download_started";
}

bool has_tab(const std::vector<cdp::TabInfo>& tabs, std::string_view id) {
    return std::ranges::find(tabs, id, &cdp::TabInfo::id) != tabs.end();
}

}  // namespace

json::Object text_block(std::string_view text) { return {{"type", "text"}, {"text", text}}; }

std::string tool_url(std::string_view url) {
    const auto line = tool_line(url, url.size());
    return core::count_characters(line) <= longest_field ? line : "…" + tool_line(line, longest_field - 1);
}

json::Array tab_entries(std::vector<cdp::TabInfo> tabs) {
    auto active = std::ranges::find(tabs, true, &cdp::TabInfo::is_active);
    if (active == tabs.end()) active = tabs.begin();
    if (static_cast<std::size_t>(active - tabs.begin()) >= most_tabs) {
        std::iter_swap(active, tabs.begin() + (most_tabs - 1));
        active = tabs.begin() + (most_tabs - 1);
    }
    json::Array entries;
    for (auto tab = tabs.begin(); tab != tabs.end() && entries.size() < most_tabs; ++tab)
        entries.push_back(json::Object{{"tab_id", tab->id},
                                       {"title", tool_line(tab->title)},
                                       {"url", tool_url(tab->url)},
                                       {"active", tab == active}});
    return entries;
}

std::vector<std::string> dialog_lines(const std::vector<page::DialogRecord>& dialogs) {
    std::vector<std::string> lines;
    for (const auto& dialog : dialogs) {
        if (lines.size() == most_dialog_lines) {
            lines.push_back(
                fmt::format("{} more dialogs were dismissed.", dialogs.size() - most_dialog_lines));
            break;
        }
        const auto kind = dialog.type.empty() ? std::string{"dialog"} : tool_line(dialog.type, 20);
        const bool has_vowel = std::string_view{"aeiou"}.contains(kind.front());
        const auto message = tool_line(dialog.message);
        const auto shown = tool_line(message, longest_message);
        lines.push_back(fmt::format(
            "{} {}{}{} was dismissed.", has_vowel ? "An" : "A", kind, kind == "dialog" ? "" : " dialog",
            message.empty()
                ? std::string{}
                : " " + json::to_text(json::Value(shown + (shown.size() < message.size() ? "…" : "")))));
    }
    return lines;
}

void ToolState::begin(const std::vector<cdp::TabInfo>& tabs, std::uint64_t last_download) {
    if (has_begun_) return;
    has_begun_ = true;
    for (const auto& tab : tabs) known_tabs_.insert(tab.id);
    last_download_ = last_download;
}

void ToolState::note_changes(const std::vector<cdp::TabInfo>& tabs, const page::DownloadList& downloads) {
    std::erase_if(known_tabs_, [&](const std::string& id) { return !has_tab(tabs, id); });
    for (const auto& tab : tabs)
        if (known_tabs_.insert(tab.id).second)
            waiting_.push_back({.type = "tab_opened", .id = tab.id, .url = {}, .path = {}});
    for (const auto& download : downloads.all()) {
        if (download.change <= last_download_) continue;
        // Of each download only the latest goes out.
        std::erase_if(waiting_, [&](const ToolChange& change) {
            return change.type != "tab_opened" && change.id == download.id;
        });
        waiting_.push_back({std::string{change_type(download.state)}, download.id, download.url,
                            download.path, download.received});
    }
    last_download_ = downloads.last_change();
    while (waiting_.size() > most_waiting) waiting_.pop_front();
}

/// Of a new_tab its own tab only: others opened meanwhile are news of the next block.
json::Array ToolState::take_changes(const std::vector<cdp::TabInfo>& tabs, const std::string& opened_tab) {
    json::Array changes;
    std::deque<ToolChange> later;
    bool has_opened = false;
    for (const auto& change : waiting_) {
        const bool is_tab = change.type == "tab_opened";
        if (is_tab && !has_tab(tabs, change.id)) continue;
        if (is_tab && !opened_tab.empty() && change.id != opened_tab)
            later.push_back(change);
        else
            changes.push_back(to_json(change));
        has_opened = has_opened || (is_tab && change.id == opened_tab);
    }
    if (!opened_tab.empty() && !has_opened)
        changes.push_back(json::Object{{"type", "tab_opened"}, {"tab_id", opened_tab}});
    waiting_ = std::move(later);
    return changes;
}

void ToolState::add_dialog_lines(json::Array& blocks) {
    for (const auto& line : dialog_lines(dialogs_)) blocks.push_back(text_block(line));
    dialogs_.clear();
}

ToolState::Content ToolState::finish(const ToolMember* member, const json::Object& input,
                                     const ToolOutcome& outcome, std::vector<cdp::TabInfo> tabs,
                                     const page::DownloadList& downloads,
                                     std::vector<page::DialogRecord> dismissed) {
    note_changes(tabs, downloads);
    dialogs_.insert(dialogs_.end(), dismissed.begin(), dismissed.end());
    Content content;
    if (!outcome.error.empty() || !member) {
        content.is_error = true;
        content.blocks.push_back(text_block(tool_line(outcome.error, longest_field)));
        add_dialog_lines(content.blocks);
        return content;
    }
    if (member->result == ToolResult::acknowledged) {
        content.blocks.push_back(text_block(acknowledgement_of(*member, input)));
        if (!outcome.text.empty()) content.blocks.push_back(text_block(tool_line(outcome.text)));
    }
    if (member->result == ToolResult::told)
        content.blocks.push_back(text_block(outcome.text.empty() ? "(empty)" : outcome.text));
    if (member->result == ToolResult::picture) content.blocks.push_back(image_block(outcome.png));
    // A result that is nothing but the state has no text: the lines wait.
    if (member->result != ToolResult::state) add_dialog_lines(content.blocks);
    auto changes = take_changes(tabs, outcome.opened_tab);
    json::Object block{{"type", "browser_state"}, {"tabs", tab_entries(std::move(tabs))}};
    if (!changes.empty()) block["state_changes"] = std::move(changes);
    content.blocks.push_back(std::move(block));
    return content;
}

}  // namespace carrel::desk::toolset
