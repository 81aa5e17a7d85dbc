#include "api/sessions.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>

#include "api/service_binding.hpp"
#include "api/views.hpp"
#include "core/text.hpp"
#include "ops/server.hpp"
#include "rest/answers.hpp"
#include "rest/requests.hpp"

namespace carrel::api {

namespace {

using net::Request;
using net::Response;
using session::SessionService;

const std::string& id_of(const Request& request) { return request.parameters.at("id"); }

/// "start;dur=12.3, ready;dur=40.1" (W3C Server Timing, milliseconds).
std::string server_timing(const fleet::Timings& timings) {
    std::string line;
    for (const auto& [name, duration] : timings)
        line += fmt::format("{}{};dur={:.2f}", line.empty() ? "" : ", ", name, duration.count());
    return line;
}

core::DeskShape desk_of(const ops::CreateSession& asked, core::DeskShape desk) {
    if (asked.image) desk.image = *asked.image;
    if (asked.network) desk.network = core::network_of(*asked.network);
    desk.width = asked.width.value_or(desk.width);
    desk.height = asked.height.value_or(desk.height);
    desk.workspace = asked.workspace.value_or("");
    desk.workspace_home = asked.home.value_or(false);
    desk.shares_workspace = asked.shared.value_or(false);
    if (desk.workspace.empty() && (desk.workspace_home || desk.shares_workspace))
        throw rest::unprocessable({"workspace"}, "home and shared are about a workspace: name one");
    auto& limits = desk.limits;
    limits.cpus = asked.cpus.value_or(limits.cpus);
    if (asked.memory_mb) limits.memory = static_cast<std::uint64_t>(*asked.memory_mb) * core::mebibyte;
    if (asked.processes) limits.processes = static_cast<unsigned>(*asked.processes);
    if (asked.disk_mb) limits.disk = static_cast<std::uint64_t>(*asked.disk_mb) * core::mebibyte;
    return desk;
}

std::optional<std::chrono::seconds> seconds_of(std::optional<int> count) {
    return count ? std::optional{std::chrono::seconds{*count}} : std::nullopt;
}

store::Lifetime lifetime_of(const ops::CreateSession& asked) {
    store::Lifetime lifetime{.idle = seconds_of(asked.idle_seconds),
                             .max_age = seconds_of(asked.max_age_seconds)};
    if (asked.on_idle) lifetime.on_idle = store::on_idle_of(*asked.on_idle);
    return lifetime;
}

Task<Response> create(SessionService& service, Request& request, Principal principal) {
    auto asked = co_await rest::decode_body(request, ops::create_session_shape(), ops::largest_beginning);
    auto beginning = rest::value_or_refuse(ops::read_beginning(asked, service.new_beginning()), "body");
    const bool has_command = !beginning.command.empty();
    session::Wish wish{.title = std::move(asked.title),
                       .provider = std::move(asked.provider),
                       .model = std::move(asked.model),
                       .system_prompt_suffix = asked.system_prompt_suffix.value_or(""),
                       .desk = desk_of(asked, service.new_desk(principal.name)),
                       .key = std::move(asked.key),
                       .lifetime = lifetime_of(asked),
                       .wait = std::chrono::seconds{asked.wait_seconds.value_or(0)},
                       .beginning = std::move(beginning)};
    // Who stands in the line and goes away leaves it.
    request.may_be_dropped = wish.wait.count() > 0;
    const auto created = co_await service.create(std::move(principal), std::move(wish));
    auto answer = to_json(created.session);
    if (has_command && created.is_new) answer["process_id"] = core::first_process;
    auto response = rest::json_answer(created.is_new ? 201 : 200, answer);
    response.headers.add("Location", "/api/v1/sessions/" + created.session.row.id);
    if (!created.timings.empty()) response.headers.add("Server-Timing", server_timing(created.timings));
    if (created.is_new) response.headers.add("X-Carrel-Pool", created.was_warm ? "hit" : "miss");
    co_return response;
}

Task<Response> list(SessionService& service, Request& request, Principal principal) {
    const auto asked = rest::decode_query(request, ops::list_sessions_shape());
    if (asked.all && !principal.may(ops::Permission::admin))
        throw core::Error{core::Code::forbidden, "only an admin sees the sessions of all"};
    const auto page = co_await service.list(std::move(principal), asked.include_archived, asked.limit,
                                            asked.offset, asked.all);
    json::Array sessions;
    for (const auto& item : page.sessions) sessions.push_back(to_json(item));
    co_return rest::json_answer(200, json::Object{{"sessions", std::move(sessions)}, {"total", page.total}});
}

Task<Response> get(SessionService& service, Request& request, Principal principal) {
    const auto asked = rest::decode_query(request, ops::get_session_shape());
    const auto id = id_of(request);
    // A link shows a desktop, and not what was said about it.
    const bool is_by_link = principal.has_only_link();
    const auto detail = asked.messages && !is_by_link
                            ? co_await service.get_with_messages(std::move(principal), id)
                            : session::Detail{.session = co_await service.get(std::move(principal), id)};
    auto body = to_json(detail.session);
    if (is_by_link) co_return rest::json_answer(200, body);
    body["system_prompt_suffix"] = detail.session.row.system_prompt_suffix;
    if (asked.messages) {
        json::Array messages;
        for (const auto& message : detail.messages) messages.push_back(to_json(message));
        body["messages"] = std::move(messages);
    }
    co_return rest::json_answer(200, body);
}

Task<Response> rename(SessionService& service, Request& request, Principal principal) {
    auto asked = co_await rest::decode_body(request, ops::rename_session_shape());
    const auto renamed =
        co_await service.rename(std::move(principal), id_of(request), std::move(asked.title));
    co_return rest::json_answer(200, to_json(renamed));
}

Task<Response> remove(SessionService& service, Request& request, Principal principal) {
    const auto asked = rest::decode_query(request, ops::delete_session_shape());
    co_await service.remove(std::move(principal), id_of(request), asked.purge);
    co_return Response{.status = 204};
}

Task<Response> send(SessionService& service, Request& request, Principal principal) {
    auto asked = co_await rest::decode_body(request, ops::send_message_shape());
    if (core::is_blank(asked.content))
        throw rest::unprocessable({"content"}, "must hold more than white space");
    const auto id = id_of(request);
    const auto message = co_await service.send_message(std::move(principal), id, std::move(asked.content));
    co_return rest::json_answer(200,
                                json::Object{{"message_id", message},
                                             {"status", "processing"},
                                             {"stream_url", fmt::format("/api/v1/sessions/{}/stream", id)}});
}

Task<Response> cancel(SessionService& service, Request& request, Principal principal) {
    const auto result = co_await service.cancel(std::move(principal), id_of(request));
    const bool was_busy = result == session::Cancelled::yes;
    co_return rest::json_answer(
        200, json::Object{{"status", was_busy ? "cancelled" : "not_processing"},
                          {"message", was_busy ? "The turn was ended" : "No turn is on its way"}});
}

Task<Response> renew(SessionService& service, Request& request, Principal principal) {
    co_return rest::json_answer(200,
                                to_json(co_await service.renew_desk(std::move(principal), id_of(request))));
}

Task<Response> pause(SessionService& service, Request& request, Principal principal) {
    co_return rest::json_answer(200, to_json(co_await service.pause(std::move(principal), id_of(request))));
}

Task<Response> resume(SessionService& service, Request& request, Principal principal) {
    co_return rest::json_answer(200, to_json(co_await service.resume(std::move(principal), id_of(request))));
}

Task<Response> usage(SessionService& service, Request& request, Principal principal) {
    co_return rest::json_answer(200, to_json(co_await service.usage(std::move(principal), id_of(request))));
}

Task<Response> read_log(SessionService& service, Request& request, Principal principal) {
    const auto asked = rest::decode_query(request, ops::read_desk_log_shape());
    const auto said = co_await service.desk_log(std::move(principal), id_of(request),
                                                static_cast<std::size_t>(asked.lines));
    json::Array lines;
    for (const auto& line : said.lines) lines.push_back(to_json(line));
    co_return rest::json_answer(200,
                                json::Object{{"lines", std::move(lines)}, {"truncated", said.is_truncated}});
}

}  // namespace

std::vector<Binding> session_bindings(SessionService& service) {
    const auto with = [&service](std::string_view name, ServiceFunction function) {
        return service_binding(service, name, function);
    };
    return {with("sessions/create", create), with("sessions/list", list),     with("sessions/get", get),
            with("sessions/rename", rename), with("sessions/delete", remove), with("messages/send", send),
            with("sessions/usage", usage),   with("turn/cancel", cancel),     with("desk/renew", renew),
            with("desk/pause", pause),       with("desk/resume", resume),     with("desk/log", read_log)};
}

}  // namespace carrel::api
