#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "desk/cdp/tabs.hpp"

namespace carrel::desk::cdp {

namespace {

using core::Code;
using core::Error;
using namespace std::chrono_literals;

/// What the browser itself answers, so that it works with a page that has crashed, is busy or shows a
/// dialog.
constexpr std::array<std::string_view, 14> browser_methods{"Page.navigate",
                                                           "Page.reload",
                                                           "Page.stopLoading",
                                                           "Page.crash",
                                                           "Page.bringToFront",
                                                           "Page.handleJavaScriptDialog",
                                                           "Page.close",
                                                           "Page.getNavigationHistory",
                                                           "Page.navigateToHistoryEntry",
                                                           "Browser.getWindowForTarget",
                                                           "Target.getTargetInfo",
                                                           "Network.getCookies",
                                                           "Network.setCookies",
                                                           "Browser.setWindowBounds"};
constexpr auto hanging_time = 10s;  ///< a browser on a busy machine is no browser that hangs
constexpr auto arriving_time = 3s;

/// Which call has its answer from the page itself, whatever state that is in.
bool is_of_page(std::string_view method) {
    return std::ranges::find(browser_methods, method) == browser_methods.end();
}

Error tab_gone() {
    return {Code::unavailable, "the tab is closed; browser/tabs lists those that are open", "tab_gone"};
}
Error frame_gone() { return {Code::unavailable, "the frame is gone", "frame_gone"}; }
Error page_crashed() {
    return {Code::unavailable, "the page has crashed: navigate or reload the tab", "page_crashed"};
}

/// One document has gone and the next has not come: of a page that hangs it never will.
bool is_between_pages(const Error& error) {
    return error.reason() == "cdp_refused" && error.message().contains("Not attached to an active page");
}

bool has_lost_context(const Error& error) {
    return error.reason() == "cdp_refused" &&
           (error.message().contains("context") || error.message().contains("navigated or closed"));
}

}  // namespace

std::string describe_exception(const json::Value& details) {
    constexpr std::size_t most = 4000;
    const auto* thrown = json::find(details, "exception");
    std::string text{thrown ? json::text_or(*thrown, "description") : std::string_view{}};
    if (text.empty() && thrown)
        if (const auto* value = json::find(*thrown, "value")) text = json::to_text(*value);
    if (text.empty()) text = json::text_or(details, "text", "the script failed");
    return std::string{core::utf8_prefix(text, most)};
}

Tab::Tab(async::Executor executor, Cdp& cdp, std::string id, std::string session)
    : cdp_{cdp}, id_{std::move(id)}, session_{std::move(session)}, flight_{id_}, input_{std::move(executor)} {
    follow(session_);
    post("Page.setLifecycleEventsEnabled", {{"enabled", true}});
}

/// Asks for what is heard of the page, and of frames in it that other processes draw. Not awaited: a page
/// that is busy answers late, and what follows comes after it anyway.
void Tab::follow(std::string_view session) {
    cdp_.post(session, "Page.enable");
    cdp_.post(session, "Target.setAutoAttach", attach_to_frames());
    // Tells of pages that ask for a login, too. Bodies are never kept.
    cdp_.post(session, "Network.enable", {{"maxTotalBufferSize", 0}, {"maxResourceBufferSize", 0}});
}

void Tab::post(std::string_view method, const json::Object& params) { cdp_.post(session_, method, params); }

Task<json::Value> Tab::call(std::string method, json::Object params, async::Duration limit) {
    if (is_of_page(method)) return call_any(session_, std::move(method), std::move(params), limit);
    return call_browser(std::move(method), std::move(params), limit);
}

Task<json::Value> Tab::call_browser(std::string method, json::Object params, async::Duration limit) {
    try {
        co_return co_await call_any(session_, method, params, limit);
    } catch (const Error& error) {
        if (!is_between_pages(error)) throw;
    }
    co_await wait_for_arrival();
    co_return co_await call_any(session_, std::move(method), std::move(params), limit);
}

Task<> Tab::wait_for_arrival() {
    try {
        co_await cdp_.call(session_, "Runtime.evaluate", {{"expression", "0"}}, arriving_time);
    } catch (const Error& error) {
        if (error.reason() != "cdp_timeout") throw;
        throw Error{Code::conflict,
                    "the page hung while it was being left, and the browser cannot take the tab back: close "
                    "the tab",
                    "page_stuck"};
    }
}

Task<json::Value> Tab::call_frame(std::string session, std::string method, json::Object params,
                                  async::Duration limit) {
    return call_any(std::move(session), std::move(method), std::move(params), limit);
}

Task<json::Value> Tab::call_any(std::string session, std::string method, json::Object params,
                                async::Duration limit) {
    const bool needs_page = is_of_page(method);
    if (!is_open_) throw tab_gone();
    if (needs_page) check();
    bool is_late = false;
    try {
        co_return co_await cdp_.call(session, std::move(method), std::move(params), limit);
    } catch (const Error& error) {
        is_late = error.reason() == "cdp_timeout";
        const bool is_over = error.message().contains("Session with given id not found");
        if (is_over && session == session_) end();
        if (is_over && session == session_) throw tab_gone();
        if (is_over) {
            detach_frame(session);
            throw frame_gone();
        }
        if (!is_late) throw;
    }
    const auto waited = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
    if (co_await does_browser_answer())
        throw Error{Code::timeout,
                    fmt::format("the page did not answer within {} ms: a script of it may run for ever; "
                                "navigate or close the tab",
                                waited),
                    "page_busy"};
    throw Error{Code::timeout, fmt::format("the browser did not answer within {} ms: it hangs", waited),
                "browser_hung"};
}

Task<bool> Tab::does_browser_answer() {
    try {
        co_await cdp_.call({}, "Browser.getVersion", {}, hanging_time);
        co_return true;
    } catch (const Error&) {
        co_return false;
    }
}

Cdp::Subscription Tab::subscribe(Cdp::Listener listener) {
    return cdp_.subscribe([weak = weak_from_this(), listener = std::move(listener)](const CdpEvent& event) {
        if (const auto tab = weak.lock(); tab && tab->is_open_ && tab->is_mine(event.session))
            listener(event);
    });
}

Cdp::Subscription Tab::subscribe_to_end(std::function<void()> listener) {
    return Cdp::add_listener(end_listeners_,
                             [listener = std::move(listener)](const CdpEvent&) { listener(); });
}

void Tab::check() const {
    if (!is_open_) throw tab_gone();
    if (has_crashed_) throw page_crashed();
    if (dialog_) throw describe_dialog();
}

Task<async::Turns::Turn> Tab::take_turn(std::chrono::milliseconds limit) {
    auto turn = co_await input_.take_within(limit);
    if (!turn)
        throw Error{
            Code::timeout,
            fmt::format("another call acts in this tab and has not ended within {} ms", limit.count()),
            "page_busy"};
    co_return std::move(*turn);
}

bool Tab::is_mine(std::string_view session) const {
    return session == session_ ||
           std::ranges::find(remote_frames_, session, &RemoteFrame::session) != remote_frames_.end();
}

Task<std::int64_t> Tab::isolated_context(async::Duration limit) {
    if (!context_) {
        const auto made =
            co_await call("Page.createIsolatedWorld",
                          {{"frameId", id_}, {"worldName", "carrel"}, {"grantUniveralAccess", false}}, limit);
        const auto* number = json::find(made, "executionContextId");
        if (!number || !number->is_int64())
            throw Error{Code::internal, "the browser made no execution context"};
        context_ = number->get_int64();
    }
    co_return *context_;
}

Task<json::Value> Tab::run_once(const std::string& function, const json::Array& arguments,
                                async::Duration limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    const auto context = co_await isolated_context(limit);
    const auto answer = co_await call("Runtime.callFunctionOn",
                                      {{"functionDeclaration", function},
                                       {"executionContextId", context},
                                       {"arguments", arguments},
                                       {"awaitPromise", true},
                                       {"returnByValue", true}},
                                      end - std::chrono::steady_clock::now());
    if (const auto* details = json::find(answer, "exceptionDetails"))
        throw Error{Code::conflict, describe_exception(*details), "script_failed"};
    const auto* result = json::find(answer, "result");
    const auto* value = result ? json::find(*result, "value") : nullptr;
    co_return value ? *value : json::Value(nullptr);
}

Task<json::Value> Tab::run(std::string function, json::Array arguments, async::Duration limit) {
    json::Array values;
    for (auto& argument : arguments) values.push_back(json::Object{{"value", std::move(argument)}});
    const auto end = std::chrono::steady_clock::now() + limit;
    try {
        co_return co_await run_once(function, values, limit);
    } catch (const Error& error) {
        if (!has_lost_context(error)) throw;
    }
    context_.reset();
    co_return co_await run_once(function, values, end - std::chrono::steady_clock::now());
}

void Tab::attach_frame(const CdpEvent& event) {
    constexpr std::size_t most_frames = 200;
    const auto* info = json::find(event.params, "targetInfo");
    const auto session = json::text_or(event.params, "sessionId");
    if (!info || session.empty() || json::text_or(*info, "type") != "iframe") return;
    if (remote_frames_.size() >= most_frames) return;
    remote_frames_.push_back(
        {std::string{json::text_or(*info, "targetId")}, std::string{session}, event.session});
    follow(session);
}

/// The sessions of frames within it end with its own, and nobody tells of those.
void Tab::detach_frame(std::string_view session) {
    std::vector<std::string> ended{std::string{session}};
    for (std::size_t at = 0; at < ended.size(); ++at) {
        for (const auto& frame : remote_frames_)
            if (frame.parent == ended[at] && std::ranges::find(ended, frame.session) == ended.end())
                ended.push_back(frame.session);
        std::erase_if(remote_frames_, [&](const RemoteFrame& frame) { return frame.session == ended[at]; });
    }
    for (const auto& one : ended) {
        flight_.forget_session(one);
        cdp_.fail_session(one, frame_gone());
    }
}

void Tab::take(const CdpEvent& event) {
    const auto& params = event.params;
    if (event.method == "Target.detachedFromTarget") {
        const auto ended = json::text_or(params, "sessionId");
        if (ended == session_) return end();
        if (is_mine(ended)) detach_frame(ended);
        return;
    }
    if (event.method == "Target.targetCrashed" && json::text_or(params, "targetId") == id_) {
        has_crashed_ = true;
        flight_.clear();
        context_.reset();
        dialog_.reset();
        cdp_.fail_session(session_, page_crashed());
        return Cdp::tell(end_listeners_, {});
    }
    if (!is_mine(event.session)) return;
    flight_.take(event, std::chrono::steady_clock::now());
    if (event.method == "Target.attachedToTarget") return attach_frame(event);
    if (event.method == "Page.javascriptDialogOpening") return open_dialog(params);
    if (event.method == "Page.javascriptDialogClosed") return dialog_.reset();
    if (event.session != session_) return;
    if (event.method.starts_with("Network.")) return take_network(event);
    if (event.method == "Page.frameNavigated" || event.method == "Inspector.targetReloadedAfterCrash") {
        const auto* frame = json::find(params, "frame");
        if (frame && json::find(*frame, "parentId")) return;
        has_crashed_ = false;
        context_.reset();
        if (frame) take_arrival(*frame);
    }
}

void Tab::end() {
    if (!std::exchange(is_open_, false)) return;
    cdp_.fail_session(session_, tab_gone());
    for (const auto& frame : remote_frames_) cdp_.fail_session(frame.session, tab_gone());
    Cdp::tell(end_listeners_, {});
}

}  // namespace carrel::desk::cdp
