// What a page shows and waits for, beside the page itself: dialogs of its scripts, of printing, of logins.
#include <fmt/format.h>

#include "core/text.hpp"
#include "desk/cdp/addresses.hpp"
#include "desk/cdp/tabs.hpp"

namespace carrel::desk::cdp {

namespace {

using core::Code;
using core::Error;
using namespace std::chrono_literals;

constexpr auto dialog_time = 5s;
constexpr auto login_time = 30s;
constexpr std::string_view asks_for_login = "net::ERR_INVALID_AUTH_CREDENTIALS";
constexpr auto close_print = "chrome.send('dialogClose')";

/// What a server calls the place that it guards: realm="Vault".
std::string realm_in(const json::Value& headers) {
    const auto* fields = headers.if_object();
    if (!fields) return {};
    for (const auto& [name, value] : *fields) {
        if (core::to_lower(std::string_view{name.data(), name.size()}) != "www-authenticate") continue;
        const auto* given = value.if_string();
        const std::string_view text = given ? std::string_view{given->data(), given->size()} : "";
        const auto place = core::to_lower(text).find("realm=\"");
        if (place == std::string::npos) return {};
        const auto rest = text.substr(place + 7);
        return std::string{core::utf8_prefix(rest.substr(0, rest.find('"')), 200)};
    }
    return {};
}

/// Answers what the server of `origin` asks a navigation for, once; a second question is the browser's own to
/// show, and so is that of a proxy or of a server that the navigation was sent on to: what was given is not
/// theirs. Without an answer the page is shown that the server sends to who has none: as one that is
/// forbidden, since the browser asks for whatever is unauthorized.
class LoginAnswers {
public:
    LoginAnswers(Cdp& cdp, std::string session, std::string origin, std::optional<json::Object> answer)
        : cdp_{cdp}, session_{std::move(session)}, origin_{std::move(origin)}, answer_{std::move(answer)} {
        events_ = cdp_.subscribe([this](const CdpEvent& event) {
            if (event.session == session_) take(event);
        });
    }
    LoginAnswers(const LoginAnswers&) = delete;
    LoginAnswers& operator=(const LoginAnswers&) = delete;
    ~LoginAnswers() { cdp_.post(session_, "Fetch.disable"); }

private:
    void take(const CdpEvent& event) {
        const auto request = json::text_or(event.params, "requestId");
        if (event.method == "Fetch.requestPaused") return go_on(event.params, request);
        if (event.method != "Fetch.authRequired") return;
        const json::Object not_ours{{"response", "Default"}};
        const bool is_answered = answer_ && !has_answered_ && is_asked_by_server(event.params);
        cdp_.post(session_, "Fetch.continueWithAuth",
                  {{"requestId", request}, {"authChallengeResponse", is_answered ? *answer_ : not_ours}});
        has_answered_ = has_answered_ || is_answered;
    }

    bool is_asked_by_server(const json::Value& params) const {
        const auto* challenge = json::find(params, "authChallenge");
        return challenge && json::text_or(*challenge, "source") != "Proxy" &&
               origin_of(json::text_or(*challenge, "origin")) == origin_;
    }

    void go_on(const json::Value& params, std::string_view request) {
        const auto* status = json::find(params, "responseStatusCode");
        if (!status) return cdp_.post(session_, "Fetch.continueRequest", {{"requestId", request}});
        json::Object answer{{"requestId", request}};
        if (const auto* headers = json::find(params, "responseHeaders"); headers && *status == 401) {
            answer["responseCode"] = 403;
            answer["responsePhrase"] = "Forbidden";
            answer["responseHeaders"] = *headers;
        }
        cdp_.post(session_, "Fetch.continueResponse", answer);
    }

    Cdp& cdp_;
    std::string session_;
    std::string origin_;
    std::optional<json::Object> answer_;
    bool has_answered_ = false;
    Cdp::Subscription events_;
};

}  // namespace

Error Tab::describe_dialog() const {
    const auto type = dialog_ ? dialog_->type : std::string{};
    std::string_view how = "browser/page/dialog gives one";
    if (type == "print") how = "browser/page/dialog dismisses it";
    if (type == "login") how = "browser/page/dialog gives one, with user and password";
    return {Code::conflict,
            fmt::format("the page shows a dialog ({}: \"{}\") and waits for its answer; {}", type,
                        dialog_ ? dialog_->message : "", how),
            "dialog_open"};
}

void Tab::open_dialog(const json::Value& params) {
    dialog_ =
        Dialog{std::string{json::text_or(params, "type")}, std::string{json::text_or(params, "message")},
               std::string{json::text_or(params, "defaultPrompt")}, std::string{json::text_or(params, "url")},
               std::string{json::text_or(params, "printSession")}};
    // Until the dialog is answered the page answers nothing.
    cdp_.fail_session(session_, describe_dialog());
    for (const auto& frame : remote_frames_) cdp_.fail_session(frame.session, describe_dialog());
}

void Tab::announce_dialog(json::Object params) {
    cdp_.announce({session_, "Page.javascriptDialogOpening", std::move(params)});
}

void Tab::announce_answer(bool is_accepted) {
    cdp_.announce({session_, "Page.javascriptDialogClosed", json::Object{{"result", is_accepted}}});
}

void Tab::take_network(const CdpEvent& event) {
    const auto& params = event.params;
    if (json::text_or(params, "type") != "Document") return;
    if (event.method == "Network.responseReceived" && json::text_or(params, "frameId") == id_) {
        const auto* response = json::find(params, "response");
        const auto* status = response ? json::find(*response, "status") : nullptr;
        const auto* headers = response ? json::find(*response, "headers") : nullptr;
        if (!status || *status != 401 || !headers) return;
        challenge_ = {std::string{json::text_or(params, "requestId")},
                      std::string{json::text_or(*response, "url")}, realm_in(*headers)};
    }
    if (event.method != "Network.loadingFailed" || json::text_or(params, "errorText") != asks_for_login)
        return;
    if (challenge_.loader.empty() || json::text_or(params, "requestId") != challenge_.loader) return;
    if (dialog_ && dialog_->type == "login") announce_answer(accepts_login_);  // in vain
    accepts_login_ = false;
    login_loader_ = challenge_.loader;
    auto message = origin_of(challenge_.url);
    if (!challenge_.realm.empty()) message += " (" + challenge_.realm + ")";
    announce_dialog({{"type", "login"}, {"message", message}, {"url", challenge_.url}});
}

/// A login is asked for over the empty page that its document became; any other ends the question.
void Tab::take_arrival(const json::Value& frame) {
    if (dialog_ && dialog_->type == "login" && json::text_or(frame, "loaderId") != login_loader_)
        announce_answer(std::exchange(accepts_login_, false));
}

void Tab::post_dismissal() {
    if (!dialog_ || dialog_->type == "login") return;
    if (dialog_->type == "print")
        cdp_.post(dialog_->session, "Runtime.evaluate", {{"expression", close_print}});
    else
        post("Page.handleJavaScriptDialog", {{"accept", dialog_->type == "beforeunload"}});
}

/// Not by call(): calls of the tab are refused while the dialog is open.
Task<> Tab::answer_dialog(DialogAnswer answer) {
    if (!dialog_) throw Error{Code::conflict, "the page shows no dialog", "no_dialog"};
    if (dialog_->type == "login") co_return co_await log_in(std::move(answer));
    if (dialog_->type == "print") co_return co_await end_print(answer.accepts);
    json::Object params{{"accept", answer.accepts}};
    if (answer.accepts && dialog_->type == "prompt") params["promptText"] = answer.text;
    co_await cdp_.call(session_, "Page.handleJavaScriptDialog", std::move(params), dialog_time);
}

void Tab::begin_print(std::string title, std::string session) {
    if (dialog_) return;
    announce_dialog({{"type", "print"}, {"message", std::move(title)}, {"printSession", std::move(session)}});
}

void Tab::forget_print(std::string_view session) {
    if (dialog_ && dialog_->type == "print" && dialog_->session == session) announce_answer(false);
}

Task<> Tab::end_print(bool is_accepted) {
    if (is_accepted)
        throw Error{
            Code::conflict,
            "a print dialog can only be dismissed here; its own button, clicked by the mouse, saves the "
            "page as a PDF",
            "not_acceptable"};
    const auto session = dialog_->session;
    try {
        co_await cdp_.call(session, "Runtime.evaluate", {{"expression", close_print}}, dialog_time);
    } catch (const Error& error) {
        // It has closed before it could answer.
        if (error.reason() != "frame_gone" && error.reason() != "cdp_refused") throw;
    }
    if (dialog_ && dialog_->session == session) announce_answer(false);
}

/// The browser keeps what it was given for as long as it runs, also for what the page then asks for.
Task<> Tab::log_in(DialogAnswer answer) {
    if (answer.accepts && answer.user.empty())
        throw Error{Code::invalid, "a login is accepted with a user, and a password if it has one",
                    "no_user"};
    std::optional<json::Object> given;
    if (answer.accepts)
        given = {
            {"response", "ProvideCredentials"}, {"username", answer.user}, {"password", answer.password}};
    accepts_login_ = answer.accepts;
    const auto url = dialog_->url;
    const LoginAnswers answers{cdp_, session_, origin_of(url), std::move(given)};
    const json::Array documents{json::Object{{"urlPattern", "*"},
                                             {"resourceType", "Document"},
                                             {"requestStage", answer.accepts ? "Request" : "Response"}}};
    co_await cdp_.call(session_, "Fetch.enable", {{"patterns", documents}, {"handleAuthRequests", true}},
                       dialog_time);
    json::Value result;
    try {
        result = co_await cdp_.call(session_, "Page.navigate", {{"url", url}}, login_time);
    } catch (const Error& error) {
        // It was in vain, and the server asks again: that is a dialog.
        if (error.reason() != "dialog_open") throw;
        co_return;
    }
    const auto why = json::text_or(result, "errorText");
    if (why == asks_for_login) co_return;
    // The answer may come before the document does.
    if (dialog_ && dialog_->type == "login") announce_answer(std::exchange(accepts_login_, false));
    if (!why.empty())
        throw Error{Code::conflict, fmt::format("{} did not load: {}", core::utf8_prefix(url, 200), why),
                    "not_loaded"};
}

}  // namespace carrel::desk::cdp
