#include "desk/cdp/tabs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace carrel::desk::cdp {

namespace {

using core::Code;
using core::Error;
using namespace std::chrono_literals;

constexpr auto closing_time = 10s;
constexpr std::size_t most_tabs = 1000;

Error no_such_tab(std::string_view id) {
    return {Code::not_found, fmt::format("the browser has no tab {}; browser/tabs lists them", id),
            "no_such_tab"};
}

/// A tab among targets: not what workers, frames and extensions run in.
bool is_tab(const json::Value& info) {
    return json::text_or(info, "type") == "page" && !json::text_or(info, "targetId").empty() &&
           !json::text_or(info, "url").starts_with("devtools://");
}

}  // namespace

Tabs::Tabs(async::Executor executor, Cdp& cdp, FindOrder find_order)
    : executor_{executor},
      cdp_{cdp},
      find_order_{std::move(find_order)},
      changed_{executor},
      events_{cdp.subscribe([this](const CdpEvent& event) { take(event); })},
      end_{cdp.subscribe_to_end([this] { end_all(); })} {}

void Tabs::take(const CdpEvent& event) {
    const auto attached = attached_;  // an event may end one
    for (const auto& [id, tab] : attached) tab->take(event);
    std::erase_if(attached_, [](const auto& entry) { return !entry.second->is_open(); });
    if (event.method == "Target.targetDestroyed") forget(json::text_or(event.params, "targetId"));
    if (event.method == "Target.targetCreated" || event.method == "Target.targetInfoChanged")
        if (const auto* info = json::find(event.params, "targetInfo")) note(*info);
    if (event.method.starts_with("Target.") || event.method == "Page.javascriptDialogOpening")
        changed_.notify_all();
}

void Tabs::note(const json::Value& info) {
    if (!is_tab(info)) return;
    const auto id = json::text_or(info, "targetId");
    auto place = std::ranges::find(known_, id, &TabInfo::id);
    if (place == known_.end()) {
        if (hidden_.contains(id) || known_.size() >= most_tabs) return;
        place = known_.insert(place, TabInfo{.id = std::string{id}});
    }
    place->url = json::text_or(info, "url");
    place->title = json::text_or(info, "title");
}

void Tabs::forget(std::string_view id) {
    if (const auto hidden = hidden_.find(id); hidden != hidden_.end()) hidden_.erase(hidden);
    std::erase_if(known_, [&](const TabInfo& tab) { return tab.id == id; });
    const auto place = attached_.find(id);
    if (place == attached_.end()) return;
    place->second->end();
    attached_.erase(place);
}

void Tabs::end_all() {
    const auto attached = std::exchange(attached_, {});
    for (const auto& [id, tab] : attached) tab->end();
    known_.clear();
    hidden_.clear();
    is_discovering_ = false;
    changed_.notify_all();
}

/// Which tabs there are is only told to who has asked, and so are their crashes and ends.
Task<> Tabs::discover() {
    co_await cdp_.connect();
    if (is_discovering_) co_return;
    co_await cdp_.call({}, "Target.setDiscoverTargets",
                       {{"discover", true}, {"filter", json::Array{json::Object{{"type", "page"}}}}});
    is_discovering_ = true;
}

Task<std::vector<TabInfo>> Tabs::list() {
    co_await discover();
    // Titles may have changed a moment ago.
    const auto answer = co_await cdp_.call({}, "Target.getTargets");
    if (const auto* infos = json::find(answer, "targetInfos"); infos && infos->is_array())
        for (const auto& info : infos->get_array()) note(info);
    auto tabs = known_;
    if (tabs.empty()) co_return tabs;
    const auto active = co_await find_active();
    for (auto& tab : tabs) tab.is_active = tab.id == active;
    co_return tabs;
}

Task<std::string> Tabs::find_active() {
    co_await discover();
    if (known_.size() == 1) co_return known_.front().id;
    if (known_.size() > 1)
        for (auto& id : co_await find_order_())
            if (std::ranges::find(known_, id, &TabInfo::id) != known_.end()) co_return id;
    throw Error{Code::conflict, "the browser has no tab; browser/tabs/new opens one", "no_tab"};
}

Task<std::shared_ptr<Tab>> Tabs::get(std::optional<std::string> id) {
    co_await discover();
    if (!id) id = co_await find_active();
    while (attaching_.contains(*id)) co_await changed_.wait();
    if (const auto place = attached_.find(*id); place != attached_.end() && place->second->is_open())
        co_return place->second;
    co_return co_await attach(std::move(*id));
}

Task<std::shared_ptr<Tab>> Tabs::attach(std::string id) {
    struct Leave {
        Tabs& tabs;
        const std::string& id;
        ~Leave() {
            tabs.attaching_.erase(id);
            tabs.changed_.notify_all();
        }
    } leave{*this, id};
    attaching_.insert(id);
    std::string session;
    try {
        const auto answer =
            co_await cdp_.call({}, "Target.attachToTarget", {{"targetId", id}, {"flatten", true}});
        session = json::text_or(answer, "sessionId");
    } catch (const Error& error) {
        if (error.reason() == "cdp_refused") throw no_such_tab(id);
        throw;
    }
    auto tab = std::make_shared<Tab>(executor_, cdp_, id, std::move(session));
    attached_[id] = tab;
    co_return tab;
}

Task<bool> Tabs::wait_for_tab(async::Duration limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    co_await discover();
    while (known_.empty() && is_discovering_)
        if (!co_await changed_.wait_for(until - std::chrono::steady_clock::now())) break;
    co_return !known_.empty();
}

Task<std::string> Tabs::open(std::string url, bool in_new_window) {
    co_await discover();
    const auto answer =
        co_await cdp_.call({}, "Target.createTarget",
                           {{"url", std::move(url)}, {"newWindow", in_new_window}, {"background", false}});
    co_return std::string{json::text_or(answer, "targetId")};
}

Task<std::shared_ptr<Tab>> Tabs::open_hidden() {
    co_await discover();
    const auto answer =
        co_await cdp_.call({}, "Target.createTarget", {{"url", "about:blank"}, {"hidden", true}});
    const std::string id{json::text_or(answer, "targetId")};
    hidden_.insert(id);
    std::erase_if(known_, [&](const TabInfo& tab) { return tab.id == id; });
    co_return co_await attach(id);
}

Task<> Tabs::activate(std::string id) {
    co_await discover();
    try {
        co_await cdp_.call({}, "Target.activateTarget", {{"targetId", id}});
    } catch (const Error& error) {
        if (error.reason() == "cdp_refused") throw no_such_tab(id);
        throw;
    }
}

Task<> Tabs::close(std::string id) {
    // Attached, so that a page that asks to stay is heard.
    const auto tab = co_await get(id);
    co_await cdp_.call({}, "Target.closeTarget", {{"targetId", id}});
    const auto until = std::chrono::steady_clock::now() + closing_time;
    while (tab->is_open() && !tab->dialog())
        if (!co_await changed_.wait_for(until - std::chrono::steady_clock::now()))
            throw Error{Code::timeout, "the tab did not close within 10 seconds", "tab_not_closed"};
    if (tab->is_open() && tab->dialog())
        throw Error{Code::conflict, "the page asks whether to leave: answer its dialog", "dialog_open"};
}

}  // namespace carrel::desk::cdp
