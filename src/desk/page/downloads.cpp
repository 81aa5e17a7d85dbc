#include "desk/page/downloads.hpp"

#include <algorithm>

#include "desk/page/log.hpp"
#include "desk/page/tree.hpp"

namespace carrel::desk::page {

namespace {

constexpr std::size_t most_downloads = 200;

std::int64_t bytes_of(const json::Value& params, std::string_view name) {
    const auto* value = json::find(params, name);
    const double bytes = value && value->is_number() ? value->to_number<double>() : 0;
    return bytes > 0 && bytes < 9e15 ? static_cast<std::int64_t>(bytes) : 0;
}

}  // namespace

std::string_view name_of(Download::State state) {
    switch (state) {
        case Download::State::running: return "running";
        case Download::State::completed: return "completed";
        case Download::State::failed: return "failed";
    }
    return "failed";
}

Download* DownloadList::find(std::string_view id) {
    const auto found = std::ranges::find(all_, id, &Download::id);
    return found == all_.end() ? nullptr : &*found;
}

bool DownloadList::take(std::string_view method, const json::Value& params) {
    const auto id = json::text_or(params, "guid");
    if (method == "Browser.downloadWillBegin" && !id.empty() && !find(id)) {
        all_.push_back({.id = std::string{id.substr(0, 64)},
                        .url = safe_url(json::text_or(params, "url"), 4'000),
                        .name = one_line(json::text_or(params, "suggestedFilename"), 255),
                        .path = {},
                        .change = ++last_change_});
        if (all_.size() > most_downloads) all_.pop_front();
        return true;
    }
    auto* download = method == "Browser.downloadProgress" ? find(id) : nullptr;
    if (!download) return false;
    // Told by every connection: what has ended does so once.
    if (download->state != Download::State::running) return true;
    download->received = bytes_of(params, "receivedBytes");
    download->total = bytes_of(params, "totalBytes");
    const auto state = json::text_or(params, "state");
    if (state == "inProgress") return true;
    download->state = state == "completed" ? Download::State::completed : Download::State::failed;
    download->path = json::text_or(params, "filePath").substr(0, 4'096);
    download->change = ++last_change_;
    return true;
}

Downloads::Downloads(cdp::Cdp& cdp) { listen_by(cdp); }

void Downloads::listen_by(cdp::Cdp& cdp) {
    subscriptions_.push_back(cdp.subscribe([this](const cdp::CdpEvent& event) {
        if (event.session.empty() && event.method.starts_with("Browser.download"))
            list_.take(event.method, event.params);
    }));
    // "default": the browser's own way, with its folder and its numbers for names that are taken.
    subscriptions_.push_back(cdp.subscribe_to_begin([&cdp] {
        cdp.post("", "Browser.setDownloadBehavior", {{"behavior", "default"}, {"eventsEnabled", true}});
    }));
}

}  // namespace carrel::desk::page
