#include "desk/browser/devtools.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "async/deadline.hpp"
#include "desk/cdp/endpoint.hpp"
#include "net/stream.hpp"
#include "net/websocket_client.hpp"
#include "net/websocket_handshake.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk::browser {

namespace {

using core::Code;
using core::Error;
using net::Request;
using net::Response;
using namespace std::chrono_literals;

constexpr auto answering_time = 5s;
constexpr auto farewell_time = 2s;
constexpr std::string_view id_letters = "0123456789abcdefABCDEF-";
constexpr std::array<std::string_view, 3> passed_paths{"version", "list", "protocol"};

void redirect(json::Object& target, const Approach& approach) {
    target.erase("devtoolsFrontendUrl");
    auto* url = target.if_contains("webSocketDebuggerUrl");
    if (!url) return;
    const auto text = json::text_or(target, "webSocketDebuggerUrl");
    const auto place = text.find("/devtools/");
    if (place == text.npos) return;
    *url = fmt::format("{}://{}{}/browser{}", approach.is_encrypted ? "wss" : "ws", approach.host,
                       approach.prefix, text.substr(place));
}

Task<Response> tell_targets(BrowserControl& control, Request& request, std::string what) {
    const auto path = devtools_path(what);
    if (!path)
        throw Error{Code::not_found,
                    "of the DevTools endpoint there are json/version, json/list and json/protocol"};
    co_await control.ensure_open();
    const auto answer = redirected(co_await cdp::get_devtools(*path), read_approach(request.headers));
    co_return net::json_response(200, json::to_text(answer));
}

/// Says the client's handshake to the browser; the connection when it agrees.
Task<std::shared_ptr<net::Wire>> shake_hands(std::string path, net::Headers offered) {
    auto wire = co_await cdp::connect_devtools();
    const auto answer = co_await net::say_handshake(*wire, fmt::format("127.0.0.1:{}", cdp::devtools_port),
                                                    std::move(path), offered);
    if (!answer)
        throw Error{Code::not_found, "the browser has no such target; json/list names them",
                    "no_such_target"};
    if (const auto judged = net::judge_acceptance(offered, *answer); !judged)
        throw Error{Code::unavailable, "the browser's handshake is wrong: " + judged.error().message(),
                    "bad_browser_answer"};
    co_return wire;
}

Task<> relay_to(std::unique_ptr<net::Stream> client, std::shared_ptr<net::Wire> browser) {
    const auto stream = net::make_stream(browser);
    co_await net::relay(*client, *stream, farewell_time);
}

Task<Response> connect_to(Request& request, std::string path) {
    net::require_handshake(request);
    // Frames pass untouched, so nothing may be agreed on behind our back.
    const auto offered = net::handshake_headers(request.headers);
    auto wire = co_await async::deadline(answering_time, "the browser's handshake",
                                         shake_hands(std::move(path), offered));
    co_return net::upgrade_response(
        net::acceptance_headers(request, {}),
        [wire](std::unique_ptr<net::Stream> client) { return relay_to(std::move(client), wire); });
}

Task<Response> connect_browser_socket(BrowserControl& control, Request& request) {
    co_await control.ensure_open();
    const auto path =
        core::value_or_throw(cdp::parse_browser_path(co_await cdp::get_devtools("/json/version")));
    co_return co_await connect_to(request, path);
}

Task<Response> connect_target(Request& request, std::string_view kind) {
    const auto& id = request.parameters.at("target");
    if (!is_target_id(id)) throw Error{Code::not_found, "that is no id of a target; json/list names them"};
    return connect_to(request, fmt::format("/devtools/{}/{}", kind, id));
}

}  // namespace

Approach read_approach(const net::Headers& headers) {
    const auto text = [&](std::string_view name) { return std::string{headers.find(name).value_or("")}; };
    auto host = text("X-Forwarded-Host");
    if (host.empty()) host = text("Host");
    return {std::move(host), text("X-Forwarded-Proto") == "https", text("X-Forwarded-Prefix")};
}

std::optional<std::string> devtools_path(std::string_view what) {
    if (what.ends_with('/')) what.remove_suffix(1);
    if (what.empty()) return "/json/list";
    if (std::ranges::find(passed_paths, what) == passed_paths.end()) return std::nullopt;
    return "/json/" + std::string{what};
}

bool is_target_id(std::string_view text) {
    return !text.empty() && text.size() <= 64 && text.find_first_not_of(id_letters) == text.npos;
}

json::Value redirected(json::Value answer, const Approach& approach) {
    if (auto* version = answer.if_object()) redirect(*version, approach);
    if (auto* targets = answer.if_array())
        for (auto& target : *targets)
            if (auto* object = target.if_object()) redirect(*object, approach);
    return answer;
}

std::vector<rest::Binding> bind_devtools(BrowserControl& control) {
    return {
        {"browser/devtools/json", "GET",
         [&](Request& request) { return tell_targets(control, request, "list"); }},
        {"browser/devtools/json/any", "GET",
         [&](Request& request) { return tell_targets(control, request, request.parameters.at("what")); }},
        {"browser/devtools/browser", "GET",
         [&](Request& request) { return connect_browser_socket(control, request); }},
        {"browser/devtools/browser/id", "GET",
         [](Request& request) { return connect_target(request, "browser"); }},
        {"browser/devtools/page", "GET", [](Request& request) { return connect_target(request, "page"); }},
    };
}

}  // namespace carrel::desk::browser
