#include "api/callers/people.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "api/web.hpp"
#include "core/error.hpp"
#include "core/id.hpp"
#include "ops/people.hpp"
#include "rest/answers.hpp"
#include "rest/requests.hpp"

namespace carrel::api {

namespace {

using net::Request;
using net::Response;
using people::People;
using session::SessionService;

constexpr std::string_view mode_view = "view";

json::Value time_or_null(const std::optional<core::Instant>& time) {
    return time ? json::Value(core::to_rfc3339(*time)) : json::Value();
}

json::Object limits_json(const store::KeyRow& key) {
    json::Object limits;
    if (key.most_desks) limits["most_desks"] = *key.most_desks;
    if (key.cpu_percent) limits["cpus"] = *key.cpu_percent / 100.0;
    if (key.memory_mb) limits["memory_mb"] = *key.memory_mb;
    return limits;
}

json::Object key_json(const store::KeyRow& key) {
    json::Array vendors;
    for (const auto& [vendor, reference] : key.model_keys) vendors.emplace_back(vendor);
    return {{"id", key.id},
            {"user", key.principal},
            {"role", key.role},
            {"name", key.name},
            {"created_at", core::to_rfc3339(key.created_at)},
            {"last_used_at", time_or_null(key.last_used_at)},
            {"expires_at", time_or_null(key.expires_at)},
            {"revoked_at", time_or_null(key.revoked_at)},
            {"limits", limits_json(key)},
            {"model_keys", std::move(vendors)}};
}

Task<Response> create_key(People& people, Request& request, const Principal& principal) {
    const auto asked = co_await rest::decode_body(request, ops::create_key_shape());
    const auto given = co_await people.give_key(people::wish_of(asked), principal.key_id);
    auto body = key_json(given.row);
    body["key"] = given.secret;
    co_return rest::json_answer(201, body);
}

Task<Response> list_keys(People& people, Request& request, const Principal&) {
    const auto asked = rest::decode_query(request, ops::list_keys_shape());
    const auto rows = people.rings()->keys.rows(asked.user.value_or(""));
    json::Array keys;
    const auto first = std::min(rows.size(), static_cast<std::size_t>(asked.offset));
    const auto last = std::min(rows.size(), first + static_cast<std::size_t>(asked.limit));
    for (auto place = first; place < last; ++place) keys.emplace_back(key_json(*rows[place]));
    co_return rest::json_answer(200, json::Object{{"keys", std::move(keys)}, {"total", rows.size()}});
}

Task<Response> revoke_key(People& people, Request& request, const Principal&) {
    co_await people.revoke_key(request.parameters.at("key"));
    co_return Response{.status = 204};
}

std::string_view mode_of(const store::LinkRow& link) {
    return link.role == ops::name_of(ops::Role::viewer) ? mode_view : "control";
}

json::Object link_json(const store::LinkRow& link) {
    return {{"id", link.id},
            {"mode", mode_of(link)},
            {"created_at", core::to_rfc3339(link.created_at)},
            {"expires_at", core::to_rfc3339(link.expires_at)}};
}

Task<Response> create_link(People& people, SessionService& service, Request& request, Principal principal) {
    const auto asked = co_await rest::decode_body(request, ops::create_link_shape());
    const auto session = co_await service.get(principal, request.parameters.at("id"));
    const auto role = asked.mode == mode_view ? ops::Role::viewer : ops::Role::controller;
    const auto given = co_await people.give_link(session.row.id, session.row.principal, std::move(principal),
                                                 role, std::chrono::seconds{asked.expires_seconds});
    auto body = link_json(given.row);
    body["url"] = fmt::format("/desk/{}?link={}", session.row.id, given.secret);
    co_return rest::json_answer(201, body);
}

Task<Response> list_links(People& people, SessionService& service, Request& request, Principal principal) {
    const auto session = co_await service.get(std::move(principal), request.parameters.at("id"));
    json::Array links;
    for (const auto* link : people.rings()->links.of_session(session.row.id))
        links.emplace_back(link_json(*link));
    co_return rest::json_answer(200, json::Object{{"links", std::move(links)}});
}

Task<Response> revoke_link(People& people, SessionService& service, Request& request, Principal principal) {
    const auto session = co_await service.get(std::move(principal), request.parameters.at("id"));
    co_await people.revoke_link(session.row.id, request.parameters.at("link"));
    co_return Response{.status = 204};
}

Task<Response> create_ticket(Gatekeeper& gatekeeper, Request& request) {
    const auto row = std::ranges::find(ops::people_rows(), "tickets/create", &ops::Operation::name);
    const auto ticket = gatekeeper.give_ticket(request, *row);
    co_return rest::json_answer(
        201, json::Object{{"ticket", ticket}, {"expires_seconds", people::ticket_lasts.count()}});
}

/// The secret goes to the calls of that session only, and to no other page.
std::string link_cookie(const Request& request, std::string_view session, std::string_view secret,
                        std::chrono::seconds lasts) {
    const bool is_secure = request.headers.find("X-Forwarded-Proto") == "https";
    return fmt::format("carrel_link={}; Path=/api/v1/sessions/{}; HttpOnly; SameSite=Strict; Max-Age={}{}",
                       secret, session, lasts.count(), is_secure ? "; Secure" : "");
}

}  // namespace

Task<Response> desk_page(Gatekeeper& gatekeeper, const core::Clock& clock, Request& request) {
    const auto secret = request.find_query("link");
    if (!secret) co_return page_file(request, "desk.html");
    const auto session = request.parameters.at("id");
    const auto grant = core::is_id("sess_", session) ? gatekeeper.find_link(*secret, session) : nullptr;
    if (!grant)
        co_return net::text_response(
            410, "This link has expired or was revoked. Ask whoever gave it to you for a new one.\n");
    const bool is_view = grant->principal().role == ops::Role::viewer;
    const auto left = std::chrono::ceil<std::chrono::seconds>(*grant->expires() - clock.now());
    Response response{.status = 303};
    response.headers.add("Location",
                         fmt::format("/desk/{}?shared={}", session, is_view ? mode_view : "control"));
    response.headers.add("Set-Cookie", link_cookie(request, session, *secret, left));
    co_return response;
}

std::vector<Binding> people_bindings(People& people, SessionService& service, Gatekeeper& gatekeeper) {
    using Function = Task<Response> (*)(People&, Request&, const Principal&);
    using SessionFunction = Task<Response> (*)(People&, SessionService&, Request&, Principal);
    const auto of_keys = [&people](std::string_view name, Function function) -> Binding {
        return {name, [&people, function](Request& request, const Principal& principal) {
                    return function(people, request, principal);
                }};
    };
    const auto of_session = [&](std::string_view name, SessionFunction function) -> Binding {
        return {name, [&people, &service, function](Request& request, const Principal& principal) {
                    return function(people, service, request, principal);
                }};
    };
    return {of_keys("keys/create", create_key),
            of_keys("keys/list", list_keys),
            of_keys("keys/revoke", revoke_key),
            of_session("links/create", create_link),
            of_session("links/list", list_links),
            of_session("links/revoke", revoke_link),
            {"tickets/create", [&gatekeeper](Request& request, const Principal&) {
                 return create_ticket(gatekeeper, request);
             }}};
}

}  // namespace carrel::api
