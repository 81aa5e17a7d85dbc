#include "desk/page/page.hpp"

#include <fmt/format.h>

#include <array>

#include "desk/page/script.hpp"
#include "desk/page/tree.hpp"

namespace carrel::desk::page {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_dialogs = 50;
constexpr std::size_t longest_dialog_text = 2'000;
constexpr std::size_t most_pages = 64;
constexpr std::chrono::seconds turn_patience{10};  ///< as long as any call of a page waits
constexpr std::size_t most_inner_frames = 1'000;

/// What the browser says when the document went away under a call.
constexpr std::array<std::string_view, 5> went_away{
    "Cannot find context", "context was destroyed", "navigated or closed",
    "Cannot find default execution context", "Session with given id not found"};

bool is_document_gone(const core::Error& error) {
    if (error.reason() != "cdp_refused") return false;
    for (const auto sentence : went_away)
        if (error.message().contains(sentence)) return true;
    return false;
}

bool is_frame_gone(const core::Error& error) {
    return error.reason() == "cdp_refused" &&
           (error.message().contains("No frame") || error.message().contains("Frame with"));
}

}  // namespace

core::Error stale_reference(int number) {
    return {core::Code::not_found,
            fmt::format("ref_{} is no longer on the page; read the page again", number), "stale_reference"};
}

Page::Page(cdp::Cdp& cdp, std::string id) : cdp_{cdp}, id_{std::move(id)} {}
Page::~Page() = default;

void Page::use(std::shared_ptr<cdp::Tab> tab) {
    if (tab_ == tab) return;
    tab_ = std::move(tab);
    own_session_.clear();
    is_loading_ = false;
    events_ = tab_->subscribe([this](const cdp::CdpEvent& event) { take(event); });
    end_ = tab_->subscribe_to_end([this] { end_own_session(); });
    for (auto& dialog : dialogs_) dialog.is_open = dialog.is_open && tab_->dialog().has_value();
    if (const auto& open = tab_->dialog(); open && (dialogs_.empty() || !dialogs_.back().is_open))
        dialogs_.push_back({.type = open->type,
                            .message = one_line(open->message, longest_dialog_text),
                            .default_text = one_line(open->default_prompt, longest_dialog_text),
                            .text = {}});
    console.attach();
    // Not awaited: a page that shows a dialog answers them later.
    tab_->post("Runtime.enable");
    tab_->post("Log.enable");
}

void Page::take(const cdp::CdpEvent& event) {
    if (console.take(event.method, event.params) || network.take(event.method, event.params)) return;
    const bool is_main = json::text_or(event.params, "frameId") == id_;
    if (is_main &&
        (event.method == "Page.frameStartedLoading" || event.method == "Page.frameStartedNavigating"))
        is_loading_ = true;
    else if (is_main && event.method == "Page.frameStoppedLoading")
        is_loading_ = false;
    else if (event.method == "Page.javascriptDialogOpening")
        open_dialog(event.params);
    else if (event.method == "Page.javascriptDialogClosed")
        close_dialog(event.params);
}

void Page::open_dialog(const json::Value& params) {
    dialogs_.push_back({.type = one_line(json::text_or(params, "type"), 20),
                        .message = one_line(json::text_or(params, "message"), longest_dialog_text),
                        .default_text = one_line(json::text_or(params, "defaultPrompt"), longest_dialog_text),
                        .text = {}});
    if (dialogs_.size() > most_dialogs) dialogs_.pop_front();
    if (dismissing_ > 0) dismiss();
}

void Page::close_dialog(const json::Value& params) {
    if (dialogs_.empty() || !dialogs_.back().is_open) return;
    auto& dialog = dialogs_.back();
    dialog.is_open = false;
    dialog.is_accepted = json::flag_of(params, "result");
    if (dialog.is_accepted && dialog.type == "prompt")
        dialog.text = one_line(json::text_or(params, "userInput"), longest_dialog_text);
}

void Page::dismiss() {
    if (dialogs_.empty() || !dialogs_.back().is_open) return;
    const auto& type = dialogs_.back().type;
    if (type == "login") return;  // it holds nothing up
    if (type != "beforeunload" && dismissed_.size() < most_dialogs) dismissed_.push_back(dialogs_.back());
    tab_->post_dismissal();
}

Page::Dismissing::Dismissing(Page& page) : page_{page} {
    if (++page_.dismissing_ == 1) page_.dismiss();
}

Task<> Page::answer_dialog(cdp::DialogAnswer answer) {
    const auto tab = tab_;
    co_await tab->answer_dialog(std::move(answer));
}

Task<Page::Turn> Page::take_turn() {
    auto tab = tab_;
    auto turn = co_await tab->take_turn(turn_patience);
    co_return Turn{std::move(tab), std::move(turn)};
}

Task<std::string> Page::own_session() {
    if (own_session_.empty()) {
        const auto attached =
            co_await cdp_.call("", "Target.attachToTarget", {{"targetId", id_}, {"flatten", true}});
        own_session_ = json::text_or(attached, "sessionId");
    }
    co_return own_session_;
}

/// Nobody else tells those who wait for its answers that the tab is gone.
void Page::end_own_session() {
    const auto session = std::exchange(own_session_, {});
    if (session.empty()) return;
    cdp_.fail_session(
        session, tab_->has_crashed()
                     ? core::Error{core::Code::unavailable,
                                   "the page has crashed: navigate or reload the tab", "page_crashed"}
                     : core::Error{core::Code::unavailable,
                                   "the tab is closed; browser/tabs lists those that are open", "tab_gone"});
}

void Page::post(std::string_view method, const json::Object& params) {
    if (dismissing_ > 0 && !own_session_.empty())
        cdp_.post(own_session_, method, params);
    else
        tab_->post(method, params);
}

Task<json::Value> Page::call(std::string method, json::Object params, async::Duration limit) {
    if (dismissing_ == 0) co_return co_await tab_->call(std::move(method), std::move(params), limit);
    const auto session = co_await own_session();
    try {
        co_return co_await cdp_.call(session, std::move(method), std::move(params), limit);
    } catch (const core::Error& error) {
        if (error.reason() != "cdp_timeout") throw;
    }
    throw core::Error{
        core::Code::timeout,
        fmt::format(
            "the page did not answer within {} s: a script of it may run for ever; navigate or close the tab",
            std::chrono::duration_cast<std::chrono::seconds>(limit).count()),
        "page_busy"};
}

Task<json::Value> Page::call_frame(const PageFrame& frame, std::string method, json::Object params,
                                   async::Duration limit) {
    if (frame.session.empty()) return call(std::move(method), std::move(params), limit);
    return tab_->call_frame(frame.session, std::move(method), std::move(params), limit);
}

PageFrame Page::frame(const std::string& id) const {
    for (const auto& remote : tab_->remote_frames())
        if (remote.id == id) return {id, remote.session};
    // One without a session of its own is in that of the frame that its process draws outermost.
    if (const auto outer = outer_frames_.find(id); outer != outer_frames_.end() && outer->second != id)
        return {id, frame(outer->second).session};
    return {id, {}};
}

PageFrame Page::owner_of(const PageFrame& inner) const {
    for (const auto& remote : tab_->remote_frames()) {
        if (remote.id == inner.id && remote.session == inner.session) return drawn_in(remote.parent);
    }
    return drawn_in(inner.session);
}

PageFrame Page::drawn_in(std::string_view session) const {
    for (const auto& remote : tab_->remote_frames())
        if (remote.session == session) return {remote.id, remote.session};
    return main_frame();
}

PageFrame Page::frame_in(const PageFrame& owner, const std::string& id) {
    if (outer_frames_.size() >= most_inner_frames) outer_frames_.clear();
    outer_frames_[id] = owner.session.empty() ? id_ : drawn_in(owner.session).id;
    return frame(id);
}

Task<std::int64_t> Page::context(const PageFrame& frame, TimePoint end) {
    json::Object params{{"frameId", frame.id}, {"worldName", page_world()}};
    const auto made = co_await call_frame(frame, "Page.createIsolatedWorld", std::move(params),
                                          end - std::chrono::steady_clock::now());
    const auto* id = json::find(made, "executionContextId");
    if (!id || !id->is_number())
        throw core::Error{core::Code::internal, "the browser made no place for the page's script"};
    co_return id->to_number<std::int64_t>();
}

Task<json::Value> Page::evaluate(const PageFrame& frame, std::int64_t context, std::string expression,
                                 bool by_value, TimePoint end) {
    json::Object params{{"contextId", context},
                        {"expression", std::move(expression)},
                        {"returnByValue", by_value},
                        {"userGesture", true},
                        {"awaitPromise", true}};
    auto answer = co_await call_frame(frame, "Runtime.evaluate", std::move(params),
                                      end - std::chrono::steady_clock::now());
    if (const auto* details = json::find(answer, "exceptionDetails")) {
        const auto* thrown = json::find(*details, "exception");
        throw core::Error{core::Code::internal,
                          fmt::format("the page could not be read: {}",
                                      one_line(thrown ? text_of_remote(*thrown) : "", 300)),
                          "page_script_failed"};
    }
    const auto* result = json::find(answer, "result");
    co_return result ? *result : json::Value{};
}

/// The protocol's object that the expression gives; runs the script first where it has not been.
Task<json::Value> Page::run_once(const PageFrame& frame, std::string expression, bool by_value,
                                 TimePoint end) {
    const auto where = co_await context(frame, end);
    auto answer = co_await evaluate(frame, where, expression, by_value, end);
    const auto* value = json::find(answer, "value");
    if (!value || !json::flag_of(*value, "missing")) co_return answer;
    co_await evaluate(frame, where, page_script(), true, end);
    co_return co_await evaluate(frame, where, std::move(expression), by_value, end);
}

/// A document that goes away meanwhile is followed by another: once more on that one.
Task<json::Value> Page::run_twice(PageFrame frame, std::string expression, bool by_value,
                                  async::Duration limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (int attempt = 1;; ++attempt) {
        try {
            co_return co_await run_once(this->frame(frame.id), expression, by_value, end);
        } catch (const core::Error& error) {
            if (is_frame_gone(error))
                throw core::Error{core::Code::not_found, "the frame is no longer on the page",
                                  "no_such_frame"};
            if (error.reason() == "frame_gone" && attempt == 2)
                throw core::Error{core::Code::not_found, "the frame is no longer on the page",
                                  "no_such_frame"};
            if (!is_document_gone(error) && error.reason() != "frame_gone") throw;
            if (attempt == 2)
                throw core::Error{core::Code::conflict,
                                  "the page went to another address meanwhile; try again", "page_changed"};
        }
    }
}

Task<Page::Answer> Page::run(PageFrame frame, std::string operation, json::Object options,
                             async::Duration limit) {
    auto answer = co_await run_twice(frame, page_call(operation, options), true, limit);
    auto* value = answer.as_object().if_contains("value");
    auto* result = value && value->is_object() ? value->get_object().if_contains("result") : nullptr;
    if (!result)
        throw core::Error{core::Code::internal, "the page's script answered nothing", "page_script_failed"};
    co_return Answer{std::move(*result), {frame.id, std::string{json::text_or(*value, "token")}}};
}

Task<Page::Answer> Page::run_on(int reference, std::string operation, json::Object options) {
    const auto document = references.find(reference);
    if (!document) throw stale_reference(reference);
    options["ref"] = reference;
    json::Value answer;
    try {
        answer =
            co_await run_twice(frame(document->frame), page_call(operation, options, document->token), true);
    } catch (const core::Error& error) {
        if (error.reason() != "no_such_frame") throw;
        throw stale_reference(reference);
    }
    auto* value = answer.as_object().if_contains("value");
    auto* result = value && value->is_object() ? value->get_object().if_contains("result") : nullptr;
    if (!result || json::flag_of(*result, "gone")) throw stale_reference(reference);
    co_return Answer{std::move(*result), *document};
}

Task<Page::Element> Page::element(int reference, async::Duration limit) {
    const auto document = references.find(reference);
    if (!document) throw stale_reference(reference);
    const auto where = frame(document->frame);
    const auto expression =
        fmt::format("globalThis.carrelToken === {} ? carrelPage(\"itself\", {{ref: {}}}) : null",
                    json::to_text(json::Value(document->token)), reference);
    const auto answer = co_await run_twice(where, expression, false, limit);
    std::string object{json::text_or(answer, "objectId")};
    if (object.empty()) throw stale_reference(reference);
    co_return Element{where, std::move(object)};
}

Task<PageFrame> Page::frame_shown_by(int reference, async::Duration limit) {
    const auto shower = co_await element(reference, limit);
    const auto described =
        co_await call_frame(shower.frame, "DOM.describeNode", {{"objectId", shower.object}}, limit);
    release(shower);
    const auto* node = json::find(described, "node");
    const std::string id{node ? json::text_or(*node, "frameId") : ""};
    co_return id.empty() ? PageFrame{} : frame_in(shower.frame, id);
}

void Page::release(const Element& element) {
    const auto& session = !element.frame.session.empty() ? element.frame.session
                          : dismissing_ > 0              ? own_session_
                                                         : tab_->session();
    cdp_.post(session, "Runtime.releaseObject", {{"objectId", element.object}});
}

Pages::Pages(cdp::Cdp& cdp, cdp::Tabs& tabs) : cdp_{cdp}, tabs_{tabs}, downloads_{cdp} {}

Task<std::shared_ptr<Page>> Pages::get(std::optional<std::string> id) {
    auto tab = co_await tabs_.get(std::move(id));
    forget_closed();
    auto& page = pages_[tab->id()];
    if (!page) page = std::make_shared<Page>(cdp_, tab->id());
    const auto result = page;
    result->use(std::move(tab));
    co_return result;
}

std::vector<std::shared_ptr<Page>> Pages::attached() const {
    std::vector<std::shared_ptr<Page>> result;
    for (const auto& [id, page] : pages_)
        if (page->tab().is_open()) result.push_back(page);
    return result;
}

void Pages::forget_closed() {
    if (pages_.size() < most_pages) return;
    std::erase_if(pages_, [](const auto& entry) {
        return entry.second.use_count() == 1 && !entry.second->tab().is_open();
    });
}

}  // namespace carrel::desk::page
