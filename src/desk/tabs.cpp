#include "desk/tabs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace carrel::desk {

namespace {

using core::Code;
using core::Error;
using namespace std::chrono_literals;

constexpr auto closing_time = 10s;

Error no_such_tab(std::string_view id) {
    return {Code::not_found, fmt::format("the browser has no tab {}; browser/tabs lists them", id),
            "no_such_tab"};
}

/// The tabs among targets: not what workers, frames and extensions run in.
std::vector<TabInfo> read_targets(const json::Value& answer) {
    std::vector<TabInfo> tabs;
    const auto* list = json::find(answer, "targetInfos");
    if (!list || !list->is_array()) return tabs;
    for (const auto& info : list->get_array())
        if (json::text_or(info, "type") == "page" && !json::text_or(info, "url").starts_with("devtools://"))
            tabs.push_back({std::string{json::text_or(info, "targetId")},
                            std::string{json::text_or(info, "url")},
                            std::string{json::text_or(info, "title")}});
    return tabs;
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
    if (event.method == "Target.targetDestroyed") {
        const auto id = json::text_or(event.params, "targetId");
        if (const auto place = attached_.find(id); place != attached_.end()) {
            place->second->end();
            attached_.erase(place);
        }
    }
    if (event.method.starts_with("Target.") || event.method == "Page.javascriptDialogOpening")
        changed_.notify_all();
}

void Tabs::end_all() {
    for (const auto& [id, tab] : attached_) tab->end();
    attached_.clear();
    is_discovering_ = false;
    changed_.notify_all();
}

/// Crashes and ends of tabs are only told to who has asked.
Task<> Tabs::discover() {
    co_await cdp_.connect();
    if (std::exchange(is_discovering_, true)) co_return;
    cdp_.post({}, "Target.setDiscoverTargets",
              {{"discover", true}, {"filter", json::Array{json::Object{{"type", "page"}}}}});
}

Task<std::vector<TabInfo>> Tabs::list() {
    co_await discover();
    auto tabs = read_targets(co_await cdp_.call({}, "Target.getTargets"));
    const auto active = tabs.empty() ? std::string{} : co_await find_active();
    for (auto& tab : tabs) tab.is_active = tab.id == active;
    // The browser names them in no order: new ones go to the end of what we have seen.
    std::erase_if(opened_,
                  [&](const auto& id) { return std::ranges::find(tabs, id, &TabInfo::id) == tabs.end(); });
    for (const auto& tab : tabs)
        if (std::ranges::find(opened_, tab.id) == opened_.end()) opened_.push_back(tab.id);
    std::ranges::sort(tabs, {}, [&](const TabInfo& tab) { return std::ranges::find(opened_, tab.id); });
    co_return tabs;
}

Task<std::string> Tabs::find_active() {
    const auto tabs = read_targets(co_await cdp_.call({}, "Target.getTargets"));
    if (tabs.size() == 1) co_return tabs.front().id;
    if (tabs.size() > 1)
        for (auto& id : co_await find_order_())
            if (std::ranges::find(tabs, id, &TabInfo::id) != tabs.end()) co_return id;
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

Task<std::string> Tabs::open(std::string url, bool in_new_window) {
    co_await discover();
    const auto answer =
        co_await cdp_.call({}, "Target.createTarget",
                           {{"url", std::move(url)}, {"newWindow", in_new_window}, {"background", false}});
    co_return std::string{json::text_or(answer, "targetId")};
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

}  // namespace carrel::desk
