#include "desk/cdp/printing.hpp"

#include <algorithm>
#include <deque>

#include "async/all.hpp"

namespace carrel::desk::cdp {

namespace {

using PrintClock = std::chrono::steady_clock;

constexpr auto make_promise =
    "(() => { const promise = { kept: false }; (async () => { await 0; promise.kept = true; })();"
    " return promise; })()";

/// An attachment to a tab and to the frames in it that other processes draw, for as long as it lives.
class WaitingPage {
public:
    WaitingPage(Cdp& cdp, PrintClock::time_point end) : cdp_{cdp}, end_{end} {
        events_ = cdp_.subscribe([this](const CdpEvent& event) { take(event); });
    }
    WaitingPage(const WaitingPage&) = delete;
    WaitingPage& operator=(const WaitingPage&) = delete;
    ~WaitingPage() {
        if (!sessions_.empty()) cdp_.post({}, "Target.detachFromTarget", {{"sessionId", sessions_.front()}});
    }

    Task<bool> is_waiting(std::string tab) {
        const auto attached =
            co_await call({}, "Target.attachToTarget", {{"targetId", tab}, {"flatten", true}});
        sessions_.emplace_back(json::text_or(attached, "sessionId"));
        for (std::size_t at = 0; at < sessions_.size(); ++at) {
            const auto session = sessions_[at];
            if (co_await does_wait(session)) co_return true;
            // Its answer comes after what it attached to.
            co_await call(session, "Target.setAutoAttach", attach_to_frames());
        }
        co_return false;
    }

private:
    void take(const CdpEvent& event) {
        constexpr std::size_t most_sessions = 50;
        if (event.method != "Target.attachedToTarget" || sessions_.size() >= most_sessions) return;
        if (std::ranges::find(sessions_, event.session) != sessions_.end())
            sessions_.emplace_back(json::text_or(event.params, "sessionId"));
    }

    /// A promise that can be kept at once has been when the next question comes.
    Task<bool> does_wait(const std::string& session) {
        const auto made = co_await call(session, "Runtime.evaluate", {{"expression", make_promise}});
        const auto* object = json::find(made, "result");
        const auto looked =
            co_await call(session, "Runtime.callFunctionOn",
                          {{"objectId", object ? json::text_or(*object, "objectId") : std::string_view{}},
                           {"functionDeclaration", "function () { return this.kept; }"},
                           {"returnByValue", true}});
        const auto* kept = json::find(looked, "result");
        const auto* value = kept ? json::find(*kept, "value") : nullptr;
        co_return value && *value == false;
    }

    Task<json::Value> call(std::string session, std::string method, json::Object params) {
        return cdp_.call(std::move(session), std::move(method), std::move(params), end_ - PrintClock::now());
    }

    Cdp& cdp_;
    PrintClock::time_point end_;
    std::vector<std::string> sessions_;  ///< the tab's own is the first
    Cdp::Subscription events_;
};

}  // namespace

Task<std::vector<std::string>> find_waiting_tabs(Cdp& cdp, std::vector<std::string> tabs,
                                                 async::Duration limit) {
    const auto end = PrintClock::now() + limit;
    const auto look = [&](const std::string& tab, bool& is_waiting) -> Task<> {
        try {
            WaitingPage page{cdp, end};
            is_waiting = co_await page.is_waiting(tab);
        } catch (const core::Error&) {
            // It is busy, or gone: it is not this one that is waited for.
        }
    };
    std::deque<bool> are_waiting(tabs.size(), false);
    std::vector<Task<>> looks;
    for (std::size_t at = 0; at < tabs.size(); ++at) looks.push_back(look(tabs[at], are_waiting[at]));
    co_await async::all("looking for what is printed", std::move(looks));
    std::vector<std::string> waiting;
    for (std::size_t at = 0; at < tabs.size(); ++at)
        if (are_waiting[at]) waiting.push_back(std::move(tabs[at]));
    co_return waiting;
}

}  // namespace carrel::desk::cdp
