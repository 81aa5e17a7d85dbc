#include "api/desks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/desk_headers.hpp"
#include "api/errors.hpp"
#include "api/upgrading.hpp"
#include "api/watching.hpp"
#include "async/deadline.hpp"
#include "async/idle_deadline.hpp"
#include "core/text.hpp"
#include "net/websocket_handshake.hpp"
#include "ops/server.hpp"
#include "rest/answers.hpp"
#include "rest/requests.hpp"
#include "session/picture_size.hpp"

namespace carrel::api {

namespace {

using net::Request;
using net::Response;
using session::SessionService;
using namespace std::chrono_literals;

/// Longer than any operation may take (300 s for a command that waits its turn behind another).
constexpr auto answer_limit = 15min;
/// For the answer to a WebSocket handshake: what it leads to may have to be started first.
constexpr auto handshake_limit = 60s;
constexpr std::size_t first_piece_bytes = 16uz * 1024;

/// Keeps what an answer's body still needs: the request that is being sent, and the way to the desk.
class KeptSource final : public net::Source {
public:
    KeptSource(std::shared_ptr<Request> request, std::shared_ptr<net::Handler> desk,
               std::unique_ptr<net::Source> inner)
        : request_{std::move(request)}, desk_{std::move(desk)}, inner_{std::move(inner)} {}

    Task<std::size_t> read(std::span<char> into) override { co_return co_await inner_->read(into); }

private:
    std::shared_ptr<Request> request_;
    std::shared_ptr<net::Handler> desk_;
    std::unique_ptr<net::Source> inner_;
};

/// A body of which the first piece has been read already.
class BegunSource final : public net::Source {
public:
    BegunSource(std::string first, std::unique_ptr<net::Source> rest)
        : first_{std::move(first)}, rest_{std::move(rest)} {}

    Task<std::size_t> read(std::span<char> into) override {
        if (place_ == first_.size()) co_return co_await rest_->read(into);
        const auto count = first_.copy(into.data(), into.size(), place_);
        place_ += count;
        co_return count;
    }

private:
    std::string first_;
    std::size_t place_ = 0;
    std::unique_ptr<net::Source> rest_;
};

/// A body whose reading is progress of its call.
class NotedSource final : public net::Source {
public:
    NotedSource(std::unique_ptr<net::Source> inner, std::shared_ptr<async::Progress> progress)
        : inner_{std::move(inner)}, progress_{std::move(progress)} {}

    Task<std::size_t> read(std::span<char> into) override {
        const auto count = co_await inner_->read(into);
        progress_->note();
        co_return count;
    }

private:
    std::unique_ptr<net::Source> inner_;
    std::shared_ptr<async::Progress> progress_;
};

/// The desk's answer. What takes bytes takes as many as the client has: its time counts from the last that
/// came.
Task<Response> ask_desk(net::Handler& desk, std::shared_ptr<Request> inner, const ops::Operation& row) {
    const auto what = fmt::format("the desk's {}", row.name);
    const bool is_upload = row.request == ops::Body::bytes || row.request == ops::Body::multipart;
    if (row.response == ops::Body::upgrade)
        co_return co_await async::deadline(handshake_limit, what, desk.handle(*inner));
    if (!is_upload) co_return co_await async::deadline(answer_limit, what, desk.handle(*inner));
    const auto progress = std::make_shared<async::Progress>();
    inner->body = std::make_unique<NotedSource>(std::move(inner->body), progress);
    co_return co_await async::idle_deadline(answer_limit, what, desk.handle(*inner), *progress);
}

/// Waits for the first piece of an answer that the desk sends late, such as what a command has said: a desk
/// that breaks off before it is still told as such, and not by half an answer with status 200.
Task<> await_beginning(net::StreamedBody& body, const ops::Operation& row) {
    std::string first(first_piece_bytes, '\0');
    const auto count = co_await async::deadline(answer_limit, fmt::format("the desk's {}", row.name),
                                                body.source->read(first));
    first.resize(count);
    body.source = std::make_unique<BegunSource>(std::move(first), std::move(body.source));
}

/// The path inside the desk: the row's own, with the client's words (still encoded) where it has parameters.
std::string inner_path(const Request& request, const ops::Operation& row) {
    if (!row.path.contains('{')) return std::string{row.path};
    // The route has matched, so as many segments stand there as in desk_prefix.
    std::size_t place = 0;
    for (auto left = std::ranges::count(desk_prefix, '/'); left > 0; --left)
        place = request.path.find('/', place + 1);
    return request.path.substr(place);
}

/// Lines that tell the desk how the client has reached us, made by ourselves.
void add_approach(net::Headers& headers, const Request& request, std::string_view inside) {
    headers.add("X-Forwarded-Host", std::string{request.headers.find("Host").value_or("")});
    // Behind somebody else's TLS: it only comes back to the client itself, in addresses.
    headers.add("X-Forwarded-Proto", request.headers.find("X-Forwarded-Proto") == "https" ? "https" : "http");
    headers.add("X-Forwarded-Prefix", request.path.substr(0, request.path.size() - inside.size()));
}

/// The request as the desk gets it: the row's own path, the client's query and body, few headers.
std::shared_ptr<Request> inner_request(Request& request, const ops::Operation& row) {
    auto inner = std::make_shared<Request>();
    inner->method = row.method;
    inner->path = inner_path(request, row);
    inner->target =
        inner->path + request.target.substr(std::min(request.target.find('?'), request.target.size()));
    inner->headers = inward_headers(request.headers);
    inner->headers.set("X-Request-Id", request.id);
    if (row.tells_addresses) add_approach(inner->headers, request, inner->path);
    if (row.response == ops::Body::upgrade)
        for (const auto& [name, value] : net::handshake_headers(request.headers))
            inner->headers.add(name, value);
    inner->body = std::move(request.body);
    inner->body_length = request.body_length;
    return inner;
}

/// Takes the parameter wake out of the query: it is the server's, and the desk knows none of that name.
bool take_wake(Request& request) {
    const auto query = request.target.find('?');
    if (query == std::string::npos) return false;
    std::string left;
    bool is_wake = false;
    for (const auto item : core::split(std::string_view{request.target}.substr(query + 1), '&')) {
        if (item == "wake=true" || item == "wake=false")
            is_wake = item == "wake=true";
        else
            left += fmt::format("{}{}", left.empty() ? '?' : '&', item);
    }
    request.target = request.target.substr(0, query) + left;
    return is_wake;
}

/// What of a paused desk can be told without waking it: its last picture.
Task<std::optional<Response>> answer_paused(SessionService& service, const ops::Operation& row,
                                            const Request& request, Principal principal) {
    if (row.name != "screen/screenshot" || !service.is_paused(request.parameters.at("id")))
        co_return std::nullopt;
    auto picture = co_await service.paused_picture(std::move(principal), request.parameters.at("id"));
    if (!picture) co_return std::nullopt;
    net::Headers headers{{"X-Carrel-Paused", "true"}, {"Cache-Control", "no-store"}};
    if (request.headers.find("Accept").value_or("").starts_with("image/")) {
        headers.set("Content-Type", picture->media_type);
        co_return Response{.headers = std::move(headers), .body = std::move(picture->bytes)};
    }
    const auto size = session::find_picture_size(picture->bytes, picture->media_type);
    auto response = rest::json_answer(200, json::Object{{"success", true},
                                                        {"paused", true},
                                                        {"image", core::to_base64(picture->bytes)},
                                                        {"media_type", picture->media_type},
                                                        {"width", size ? size->width : 0},
                                                        {"height", size ? size->height : 0}});
    response.headers.set("X-Carrel-Paused", "true");
    co_return response;
}

Task<Response> pass_on(SessionService& service, const ops::Operation& row, Request& request,
                       Principal principal) {
    const bool is_upgrade = row.response == ops::Body::upgrade;
    if (is_upgrade) net::require_handshake(request);
    // Whoever may only look lets nothing go on.
    const bool wake = take_wake(request) && principal.may(ops::Permission::control);
    if (!wake)
        if (auto paused = co_await answer_paused(service, row, request, principal))
            co_return std::move(*paused);
    auto desk = co_await service.desk(std::move(principal), request.parameters.at("id"), wake);
    // The desk is told by the end of the connection, and knows how far that may stop it.
    request.may_be_dropped = ops::may_be_dropped(row);
    auto inner = inner_request(request, row);
    auto from_desk = co_await ask_desk(*desk, inner, row);
    if (is_upgrade && from_desk.status == 101)
        co_return accept_upgrade(*inner, std::move(from_desk), std::move(desk));
    if (!is_desk_status(from_desk.status, row))
        throw core::Error{
            core::Code::unavailable,
            fmt::format("the desk answered {} with the impossible status {}", row.name, from_desk.status),
            "bad_desk_answer"};
    if (auto* late = std::get_if<net::StreamedBody>(&from_desk.body);
        late && row.response == ops::Body::json) {
        request.may_be_dropped = true;  // as a stream is that nobody reads
        co_await await_beginning(*late, row);
    }
    Response response{.status = from_desk.status,
                      .headers = outward_headers(from_desk.headers, row.response),
                      .body = std::move(from_desk.body)};
    // Nothing has no type.
    if (response.status == 304) response.headers.remove("Content-Type");
    if (auto* streamed = std::get_if<net::StreamedBody>(&response.body))
        streamed->source =
            std::make_unique<KeptSource>(std::move(inner), std::move(desk), std::move(streamed->source));
    co_return response;
}

Task<Response> show_desktop(SessionService& service, Request& request, Principal principal) {
    const auto asked = rest::decode_query(request, ops::watch_desk_shape());
    const auto id = request.parameters.at("id");
    // Who may only look does not send a key, whatever they ask for.
    const bool view_only = asked.view_only || !principal.may(ops::Permission::control);
    auto desk = co_await service.desk(principal, id);
    if (!(co_await service.get(std::move(principal), id)).row.desk.has_display)
        throw core::Error{core::Code::conflict, "this desk has no display, so there is nothing to watch",
                          "no_display"};
    co_return watch_desktop(
        request, std::move(desk), view_only, [&service, id] { return service.is_paused(id); },
        service.viewers().enter(id, view_only));
}

}  // namespace

void add_desk_routes(net::Router& router, Gatekeeper& gatekeeper, SessionService& service,
                     const Observer& observer) {
    for (const auto& row : ops::desk_operations()) {
        auto handler = [&service, &row](Request& request, const Principal& principal) {
            return pass_on(service, row, request, principal);
        };
        router.add(guarded(gatekeeper, row, fmt::format("{}{}", desk_prefix, row.path), desk_error_response,
                           std::move(handler), observer));
    }
}

std::vector<Binding> desk_bindings(SessionService& service) {
    return {{"desk/vnc", [&service](Request& request, const Principal& principal) {
                 return show_desktop(service, request, principal);
             }}};
}

}  // namespace carrel::api
