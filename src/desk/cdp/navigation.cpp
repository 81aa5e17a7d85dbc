#include "desk/cdp/navigation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "desk/cdp/leaving.hpp"

namespace carrel::desk::cdp {

namespace {

using core::Code;
using core::Error;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t most_kept = 256;
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
        if (!co_await state->changed.wait_for(end - Clock::now())) throw not_loaded(wanted, limit);
    }
}

Task<PageInfo> describe_page(Tab& tab, std::chrono::milliseconds limit) {
    try {
        const auto info =
            co_await tab.run("() => ({ url: location.href, title: document.title })", {}, limit);
        co_return PageInfo{std::string{json::text_or(info, "url")},
                           std::string{json::text_or(info, "title")}};
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

Task<> navigate(async::Executor executor, std::shared_ptr<Tab> tab, std::string url,
                std::string_view wait_until, std::chrono::milliseconds limit) {
    const auto end = Clock::now() + limit;
    co_await free_page(*tab, patience_of(limit));
    LoadWatch watch{std::move(executor), tab};
    json::Value answer;
    try {
        answer = co_await tab->call("Page.navigate", {{"url", url}}, until(end));
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
    // One within the document has no loader, and has happened.
    const std::string loader{json::text_or(answer, "loaderId")};
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
    co_await free_page(*tab, patience_of(limit));
    LoadWatch watch{std::move(executor), tab};
    co_await tab->call("Page.navigateToHistoryEntry", {{"entryId", *id}});
    co_await arrive(watch, {}, "load", end, limit);
}

Task<> reload(async::Executor executor, std::shared_ptr<Tab> tab, std::chrono::milliseconds limit) {
    const auto end = Clock::now() + limit;
    co_await free_page(*tab, patience_of(limit));
    LoadWatch watch{std::move(executor), tab};
    co_await tab->call("Page.reload");
    co_await arrive(watch, {}, "load", end, limit);
}

}  // namespace carrel::desk::cdp
