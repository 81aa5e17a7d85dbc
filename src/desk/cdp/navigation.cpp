#include "desk/cdp/navigation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "desk/cdp/addresses.hpp"
#include "desk/cdp/leaving.hpp"

namespace carrel::desk::cdp {

namespace {

using core::Code;
using core::Error;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t most_kept = 256;
/// So long without news of a navigation, the page itself is asked.
constexpr auto news_pause = 1s;
constexpr std::string_view arrived = "arrived";  ///< no document is loaded for it

struct Name {
    std::string_view ours;
    std::string_view protocols;
};
constexpr std::array names{Name{"commit", "commit"}, Name{"domcontentloaded", "DOMContentLoaded"},
                           Name{"load", "load"}, Name{"networkidle", "networkIdle"}};

std::string_view in_protocol(std::string_view state) {
    const auto found = std::ranges::find(names, state, &Name::ours);
    return found == names.end() ? state : found->protocols;
}

Error not_loaded(std::string_view state, std::chrono::milliseconds limit) {
    return {
        Code::timeout,
        fmt::format("the page did not reach \"{}\" within {} ms; it goes on loading", state, limit.count()),
        "page_not_loaded"};
}

std::chrono::milliseconds until(Clock::time_point end) {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()), 0ms);
}

/// The document that `loader` names, or the next one; errors speak of the whole time, `limit`.
Task<> arrive(LoadWatch& watch, std::string loader, std::string_view state, Clock::time_point end,
              std::chrono::milliseconds limit) {
    try {
        co_await watch.wait(std::move(loader), state, until(end));
    } catch (const Error& error) {
        if (error.reason() != "page_not_loaded") throw;
        throw not_loaded(state, limit);
    }
}

/// A turn in the tab that leaves its page; nothing when whoever has it does not come to an end.
Task<std::optional<async::Turns::Turn>> leave(Tab& tab, std::chrono::milliseconds limit) {
    auto turn = co_await tab.input().take_within(patience_of(limit / 2));
    co_await free_page(tab, patience_of(limit));
    if (tab.dialog() && tab.dialog()->type == "beforeunload") tab.check();
    co_return std::move(turn);
}

const json::Value* current_entry(const json::Value& history, std::int64_t steps) {
    const auto* index = json::find(history, "currentIndex");
    const auto* entries = json::find(history, "entries");
    if (!index || !index->is_int64() || !entries || !entries->is_array()) return nullptr;
    const auto place = index->get_int64() + steps;
    const auto& list = entries->get_array();
    return place >= 0 && place < static_cast<std::int64_t>(list.size())
               ? &list[static_cast<std::size_t>(place)]
               : nullptr;
}

}  // namespace

struct LoadWatch::State {
    struct Step {
        std::string loader;
        std::string name;
    };

    explicit State(async::Executor executor, std::shared_ptr<Tab> of)
        : tab{std::move(of)}, changed{std::move(executor)} {}

    void take(const CdpEvent& event) {
        const auto& params = event.params;
        const auto frame = json::text_or(params, "frameId");
        if (event.session != tab->session()) return;
        if (event.method == "Page.lifecycleEvent" && frame == tab->id())
            note(json::text_or(params, "loaderId"), json::text_or(params, "name"));
        else if (event.method == "Page.navigatedWithinDocument" && frame == tab->id())
            note({}, arrived);
        else if (event.method == "Page.frameNavigated")
            take_navigation(params);
        else if (event.method == "Page.javascriptDialogOpening")
            stop();
    }

    void take_navigation(const json::Value& params) {
        const auto* frame = json::find(params, "frame");
        if (!frame || json::find(*frame, "parentId")) return;
        if (last_loader.empty()) last_loader = json::text_or(*frame, "loaderId");
        if (json::text_or(params, "type") == "BackForwardCacheRestore") note({}, arrived);
        note(json::text_or(*frame, "loaderId"), "commit");
    }

    /// Something has come that waiting does not help against.
    void stop() {
        is_stopped = true;
        changed.notify_all();
    }

    void note(std::string_view loader, std::string_view name) {
        if (steps.size() >= most_kept) steps.pop_front();
        steps.push_back({std::string{loader}, std::string{name}});
        changed.notify_all();
    }

    bool has(std::string_view loader, std::string_view name) const {
        return std::ranges::any_of(
            steps, [&](const Step& step) { return step.loader == loader && step.name == name; });
    }

    /// Whether the tab has come to a loaded page without a word of the document that was promised: one that
    /// is left over a login is sometimes replaced by another, of the same address.
    Task<bool> is_there(std::string loader, async::Duration limit) const {
        try {
            const auto tree = co_await tab->call("Page.getFrameTree", {}, limit);
            const auto* top = json::find(tree, "frameTree");
            const auto* frame = top ? json::find(*top, "frame") : nullptr;
            const std::string current{frame ? json::text_or(*frame, "loaderId") : std::string_view{}};
            const bool is_new =
                current == loader || (has(current, "commit") && current != tab->login_loader());
            co_return is_new&& co_await tab->run("() => document.readyState", {}, limit) == "complete";
        } catch (const Error&) {
            co_return false;  // it is busy, or on its way
        }
    }

    std::shared_ptr<Tab> tab;
    async::Gate changed;
    std::deque<Step> steps;
    std::string last_loader;  ///< of the first document since
    bool is_stopped = false;
};

LoadWatch::LoadWatch(async::Executor executor, std::shared_ptr<Tab> tab)
    : state_{std::make_shared<State>(std::move(executor), tab)} {
    events_ = tab->subscribe([state = state_](const CdpEvent& event) { state->take(event); });
    end_ = tab->subscribe_to_end([state = state_] { state->stop(); });
}

Task<> LoadWatch::wait(std::string loader, std::string_view wanted, std::chrono::milliseconds limit) {
    const auto state = state_;
    const auto name = in_protocol(wanted);
    const auto end = Clock::now() + limit;
    for (;;) {
        const auto& of = loader.empty() ? state->last_loader : loader;
        if (loader.empty() && state->has({}, arrived)) co_return;
        if (!of.empty() && (state->has(of, name) || (name == "commit" && state->has(of, "init")))) co_return;
        // What the tab was in before, a crash or a dialog, is what the navigation ends.
        if (std::exchange(state->is_stopped, false)) state->tab->check();
        const auto left = end - Clock::now();
        if (co_await state->changed.wait_for(std::min<async::Duration>(left, news_pause))) continue;
        if (left <= news_pause) throw not_loaded(wanted, limit);
        // That the network is idle a page does not know of itself.
        const bool may_ask = !loader.empty() && wanted != "networkidle";
        if (may_ask &&
            co_await state->is_there(loader, std::min<async::Duration>(end - Clock::now(), news_pause)))
            co_return;
    }
}

Task<PageInfo> describe_page(Tab& tab, std::chrono::milliseconds limit) {
    try {
        const auto info = co_await tab.run(
            "() => ({ url: location.href, title: document.title, type: document.contentType })", {}, limit);
        co_return PageInfo{std::string{json::text_or(info, "url")}, std::string{json::text_or(info, "title")},
                           json::text_or(info, "type") == "application/pdf"};
    } catch (const Error& error) {
        if (error.reason() == "tab_gone" || error.reason() == "browser_gone" ||
            error.reason() == "browser_hung")
            throw;
    }
    const auto history = co_await tab.call("Page.getNavigationHistory");
    const auto* entry = current_entry(history, 0);
    if (!entry) co_return PageInfo{};
    co_return PageInfo{std::string{json::text_or(*entry, "url")},
                       std::string{json::text_or(*entry, "title")}};
}

namespace {

/// The loader of the document that has come; empty when the document stays, and what was asked for has
/// happened. `limit` is the whole time, for errors.
Task<std::string> depart(Tab& tab, std::string url, Clock::time_point end, std::chrono::milliseconds limit) {
    json::Value answer;
    try {
        answer = co_await tab.call("Page.navigate", {{"url", url}}, until(end));
    } catch (const Error& error) {
        if (error.reason() == "page_busy") throw not_loaded("commit", limit);
        if (error.reason() == "cdp_refused")
            throw Error{Code::conflict, fmt::format("{}: {}", core::utf8_prefix(url, 200), error.message()),
                        "not_loaded"};
        throw;
    }
    if (const auto why = json::text_or(answer, "errorText"); !why.empty()) {
        const auto* is_download = json::find(answer, "isDownload");
        if (is_download && is_download->is_bool() && is_download->get_bool())
            throw Error{Code::conflict,
                        fmt::format("{} is downloaded, not shown", core::utf8_prefix(url, 200)),
                        "is_download"};
        throw Error{Code::conflict, fmt::format("{} did not load: {}", core::utf8_prefix(url, 200), why),
                    "not_loaded"};
    }
    co_return std::string{json::text_or(answer, "loaderId")};
}

/// To the first address that a document comes from; what it is like then is no reason to try the next one.
Task<std::string> depart_to_first(Tab& tab, std::vector<std::string> urls, Clock::time_point end,
                                  std::chrono::milliseconds limit) {
    for (std::size_t at = 0; at + 1 < urls.size(); ++at) {
        try {
            co_return co_await depart(tab, urls[at], Clock::now() + until(end) / 2, limit);
        } catch (const Error& error) {
            const bool is_silent = error.reason() == "page_not_loaded";
            if (!is_silent && (error.reason() != "not_loaded" || !is_without_https(error.message()))) throw;
        }
    }
    co_return co_await depart(tab, urls.back(), end, limit);
}

}  // namespace

Task<> navigate(async::Executor executor, std::shared_ptr<Tab> tab, std::string url,
                std::string_view wait_until, std::chrono::milliseconds limit) {
    return navigate_first(std::move(executor), std::move(tab), std::vector<std::string>{std::move(url)},
                          wait_until, limit);
}

Task<> navigate_first(async::Executor executor, std::shared_ptr<Tab> tab, std::vector<std::string> urls,
                      std::string_view wait_until, std::chrono::milliseconds limit) {
    const auto end = Clock::now() + limit;
    auto turn = co_await leave(*tab, limit);
    LoadWatch watch{std::move(executor), tab};
    const auto loader = co_await depart_to_first(*tab, std::move(urls), end, limit);
    turn.reset();
    if (loader.empty() || wait_until == "commit") co_return;
    co_await arrive(watch, loader, wait_until, end, limit);
}

Task<> go_in_history(async::Executor executor, std::shared_ptr<Tab> tab, int steps,
                     std::chrono::milliseconds limit) {
    const auto end = Clock::now() + limit;
    const auto history = co_await tab->call("Page.getNavigationHistory");
    const auto* entry = current_entry(history, steps);
    const auto* id = entry ? json::find(*entry, "id") : nullptr;
    if (!id)
        throw Error{Code::conflict,
                    steps < 0 ? "there is no page before this one" : "there is no page after this one",
                    "no_such_page"};
    auto turn = co_await leave(*tab, limit);
    LoadWatch watch{std::move(executor), tab};
    co_await tab->call("Page.navigateToHistoryEntry", {{"entryId", *id}});
    co_await arrive(watch, {}, "commit", end, limit);
    turn.reset();
    co_await arrive(watch, {}, "load", end, limit);
}

Task<> reload(async::Executor executor, std::shared_ptr<Tab> tab, std::chrono::milliseconds limit) {
    const auto end = Clock::now() + limit;
    auto turn = co_await leave(*tab, limit);
    LoadWatch watch{std::move(executor), tab};
    co_await tab->call("Page.reload");
    co_await arrive(watch, {}, "commit", end, limit);
    turn.reset();
    co_await arrive(watch, {}, "load", end, limit);
}

}  // namespace carrel::desk::cdp
