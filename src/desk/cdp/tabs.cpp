#include "desk/cdp/tabs.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "desk/cdp/printing.hpp"

namespace carrel::desk::cdp {

namespace {

using core::Code;
using core::Error;
using namespace std::chrono_literals;

constexpr auto closing_time = 10s;
constexpr std::size_t most_tabs = 1000;
/// Of those that were used last, for a print dialog; and how long a busy one is waited for.
constexpr std::size_t most_printing = 20;
constexpr auto waiting_time = 2s;

Error no_such_tab(std::string_view id) {
    return {Code::not_found, fmt::format("the browser has no tab {}; browser/tabs lists them", id),
            "no_such_tab"};
}

Error dialog_gone() { return {Code::unavailable, "the dialog has closed", "frame_gone"}; }

/// A tab among targets: not what workers, frames and extensions run in.
bool is_tab(const json::Value& info) {
    return json::text_or(info, "type") == "page" && !json::text_or(info, "targetId").empty() &&
           !json::text_or(info, "url").starts_with("devtools://");
}

/// The browser's own dialog for printing is a page, and the tab beneath it answers nothing meanwhile.
bool is_print(const json::Value& info) {
    return json::text_or(info, "type") == "page" && json::text_or(info, "url").starts_with("chrome://print/");
}

}  // namespace

Tabs::Tabs(async::Executor executor, Cdp& cdp, FindOrder find_order)
    : executor_{executor},
      cdp_{cdp},
      find_order_{std::move(find_order)},
      changed_{executor},
      events_{cdp.subscribe([this](const CdpEvent& event) { take(event); })},
      end_{cdp.subscribe_to_end([this] { end_all(); })},
      scope_{executor} {}

void Tabs::take(const CdpEvent& event) {
    const auto uncovered = find_uncovered(event);
    const auto attached = attached_;  // an event may end one
    for (const auto& [id, tab] : attached) tab->take(event);
    std::erase_if(attached_, [](const auto& entry) { return !entry.second->is_open(); });
    // A session of nobody's tab is a print dialog's.
    if (event.method == "Target.detachedFromTarget")
        cdp_.fail_session(json::text_or(event.params, "sessionId"), dialog_gone());
    if (!uncovered.empty()) show_print(uncovered);
    if (event.method == "Target.targetDestroyed") forget(json::text_or(event.params, "targetId"));
    if (event.method == "Target.targetCreated" || event.method == "Target.targetInfoChanged")
        if (const auto* info = json::find(event.params, "targetInfo")) note(*info);
    if (event.method.starts_with("Target.") || event.method == "Page.javascriptDialogOpening")
        changed_.notify_all();
}

void Tabs::note(const json::Value& info) {
    if (is_print(info)) return note_print(std::string{json::text_or(info, "targetId")});
    if (!is_tab(info)) return;
    const auto id = json::text_or(info, "targetId");
    auto place = std::ranges::find(known_, id, &TabInfo::id);
    bool is_new = false;
    if (place == known_.end()) {
        if (hidden_.contains(id) || known_.size() >= most_tabs) return;
        place = known_.insert(place, TabInfo{.id = std::string{id}});
        is_new = is_discovering_;
    }
    place->url = json::text_or(info, "url");
    place->title = json::text_or(info, "title");
    if (!is_new) return;
    Cdp::tell(opened_listeners_, {.params = json::Object{{"id", id}}});
    scope_.start("attaching to a tab that was opened", listen(std::string{id}));
}

/// A dialog is told, and can be answered, only where it was listened for before it opened; and until then it
/// holds up the tabs too that share its process, such as the one that opened it.
Task<> Tabs::listen(std::string id) {
    try {
        co_await get(std::move(id));
    } catch (const Error&) {
        // It has closed again, or the browser has gone.
    }
}

std::vector<std::string> Tabs::find_asking() const {
    std::vector<std::string> ids;
    for (const auto& [id, tab] : attached_)
        if (tab->dialog()) ids.push_back(id);
    return ids;
}

void Tabs::note_print(const std::string& id) {
    constexpr std::size_t most_prints = 100;
    std::erase_if(known_, [&](const TabInfo& tab) { return tab.id == id; });
    if (id.empty() || prints_.size() >= most_prints || !prints_.try_emplace(id).second) return;
    scope_.start("finding what is printed", find_printing_tabs(id));
}

/// Nothing names the tab. A page that prints by its script waits in it, and so may others that know it; one
/// that is printed by the browser's own menu or key does not, and is the one that was used last.
Task<> Tabs::find_printing_tabs(std::string print) {
    const auto attached =
        co_await cdp_.call({}, "Target.attachToTarget", {{"targetId", print}, {"flatten", true}});
    auto found = co_await find_waiting();
    const auto place = prints_.find(print);
    if (place == prints_.end()) co_return;  // closed meanwhile
    place->second = {std::move(found), std::string{json::text_or(attached, "sessionId")}};
    const auto tabs = place->second.tabs;
    for (const auto& tab : tabs) show_print(tab);
}

Task<std::vector<std::string>> Tabs::find_waiting() {
    std::vector<std::string> ids;
    for (auto& id : co_await find_order_())
        if (ids.size() < most_printing && std::ranges::find(known_, id, &TabInfo::id) != known_.end())
            ids.push_back(std::move(id));
    if (ids.size() < 2) co_return ids;
    auto waiting = co_await find_waiting_tabs(cdp_, ids, waiting_time);
    // One that shows a dialog of its own waits for that.
    std::erase_if(waiting, [&](const std::string& id) {
        const auto tab = attached_.find(id);
        return tab != attached_.end() && tab->second->dialog();
    });
    if (waiting.empty()) waiting.push_back(std::move(ids.front()));
    co_return waiting;
}

void Tabs::show_print(std::string_view tab) {
    const auto place = attached_.find(tab);
    const auto print = std::ranges::find_if(prints_, [&](const auto& entry) {
        return std::ranges::find(entry.second.tabs, tab) != entry.second.tabs.end();
    });
    if (place == attached_.end() || print == prints_.end()) return;
    const auto info = std::ranges::find(known_, tab, &TabInfo::id);
    const auto shown = place->second;
    shown->begin_print(info == known_.end() ? std::string{} : info->title, print->second.session);
}

/// The id of the tab whose own dialog has closed: one for printing may have been asked for meanwhile.
std::string Tabs::find_uncovered(const CdpEvent& event) const {
    if (event.method != "Page.javascriptDialogClosed") return {};
    const auto place = std::ranges::find(attached_, event.session,
                                         [](const auto& entry) { return entry.second->session(); });
    if (place == attached_.end()) return {};
    const auto& dialog = place->second->dialog();
    return dialog && dialog->type != "print" ? place->first : std::string{};
}

void Tabs::forget_print(std::string_view id) {
    const auto place = prints_.find(id);
    if (place == prints_.end()) return;
    const auto print = std::move(place->second);
    prints_.erase(place);
    for (const auto& tab : print.tabs) {
        const auto held = attached_.find(tab);
        if (held == attached_.end()) continue;
        const auto shown = held->second;
        shown->forget_print(print.session);
    }
}

void Tabs::forget(std::string_view id) {
    forget_print(id);
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
    prints_.clear();
    hidden_.clear();
    is_discovering_ = false;
    changed_.notify_all();
}

/// Which tabs there are is only told to who has asked, and so are their crashes and ends.
Task<> Tabs::discover() {
    co_await cdp_.connect();
    if (is_discovering_) co_return;
    co_await cdp_.call(
        {}, "Target.setDiscoverTargets",
        {{"discover", true},
         // A print dialog has no kind when it begins.
         {"filter", json::Array{json::Object{{"type", "page"}}, json::Object{{"type", "other"}}}}});
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
    for (auto place = attaching_.find(*id); place != attaching_.end(); place = attaching_.find(*id)) {
        const auto attempt = place->second;
        while (!attempt->is_over) co_await changed_.wait();
        if (attempt->failure) throw *attempt->failure;
    }
    if (const auto place = attached_.find(*id); place != attached_.end() && place->second->is_open())
        co_return place->second;
    co_return co_await attach(std::move(*id));
}

Task<std::shared_ptr<Tab>> Tabs::attach(std::string id) {
    // One that listens may be unwound after the tabs have ended.
    struct Leave {
        std::weak_ptr<Tabs> tabs;
        const std::string& id;
        std::shared_ptr<Attempt> attempt;
        ~Leave() {
            attempt->is_over = true;
            const auto there = tabs.lock();
            if (!there) return;
            there->attaching_.erase(id);
            there->changed_.notify_all();
        }
    } leave{alive_, id, std::make_shared<Attempt>()};
    const auto attempt = leave.attempt;
    attaching_[id] = attempt;
    std::string session;
    try {
        const auto answer =
            co_await cdp_.call({}, "Target.attachToTarget", {{"targetId", id}, {"flatten", true}});
        session = json::text_or(answer, "sessionId");
    } catch (const Error& error) {
        attempt->failure = error.reason() == "cdp_refused" ? no_such_tab(id) : error;
    }
    if (attempt->failure) throw *attempt->failure;
    auto tab = std::make_shared<Tab>(executor_, cdp_, id, std::move(session));
    attached_[id] = tab;
    show_print(id);
    co_return tab;
}

Cdp::Subscription Tabs::subscribe_to_opened(std::function<void(std::string)> listener) {
    return Cdp::add_listener(opened_listeners_, [listener = std::move(listener)](const CdpEvent& event) {
        listener(std::string{json::text_or(event.params, "id")});
    });
}

const TabInfo* Tabs::find(std::string_view id) const {
    const auto place = std::ranges::find(known_, id, &TabInfo::id);
    return place == known_.end() ? nullptr : &*place;
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
    co_return co_await get(id);
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
