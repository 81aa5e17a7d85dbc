#include "api/desks.hpp"

#include <fmt/format.h>

#include "api/body.hpp"
#include "api/desk_headers.hpp"
#include "api/watching.hpp"
#include "async/deadline.hpp"

namespace carrel::api {

namespace {

using net::Request;
using net::Response;
using session::SessionService;
using namespace std::chrono_literals;

/// Longer than any operation may take (300 s for a command that waits its turn behind another).
constexpr auto answer_limit = 15min;

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

/// The request as the desk gets it: the row's own path, the client's query and body, few headers.
std::shared_ptr<Request> inner_request(Request& request, const ops::Operation& row) {
    auto inner = std::make_shared<Request>();
    inner->method = row.method;
    inner->path = row.path;
    const auto query = request.target.find('?');
    inner->target = inner->path + (query == std::string::npos ? "" : request.target.substr(query));
    inner->headers = inward_headers(request.headers);
    inner->body = std::move(request.body);
    inner->body_length = request.body_length;
    return inner;
}

Task<Response> pass_on(SessionService& service, const ops::Operation& row, Request& request,
                       std::string principal) {
    auto desk = co_await service.desk(std::move(principal), request.parameters.at("id"));
    auto inner = inner_request(request, row);
    auto from_desk =
        co_await async::deadline(answer_limit, fmt::format("the desk's {}", row.name), desk->handle(*inner));
    if (!is_desk_status(from_desk.status))
        throw core::Error{
            core::Code::unavailable,
            fmt::format("the desk answered {} with the impossible status {}", row.name, from_desk.status),
            "bad_desk_answer"};
    Response response{.status = from_desk.status,
                      .headers = outward_headers(from_desk.headers, row.response),
                      .content = std::move(from_desk.content)};
    response.length = from_desk.length;
    if (from_desk.source)
        response.source =
            std::make_unique<KeptSource>(std::move(inner), std::move(desk), std::move(from_desk.source));
    co_return response;
}

Task<Response> watch(SessionService& service, Request& request, std::string principal) {
    const bool view_only = query_flag(request, "view_only", false);
    auto desk = co_await service.desk(std::move(principal), request.parameters.at("id"));
    co_return watch_desktop(request, std::move(desk), view_only);
}

}  // namespace

void add_desk_routes(net::Router& router, const Gatekeeper& gatekeeper, SessionService& service) {
    for (const auto& row : ops::desk_operations()) {
        auto handler = [&service, &row](Request& request, const std::string& principal) {
            return pass_on(service, row, request, principal);
        };
        router.add(guarded(gatekeeper, row, fmt::format("{}{}", desk_prefix, row.path), std::move(handler)));
    }
}

std::vector<Binding> desk_bindings(SessionService& service) {
    return {{"desk/vnc", [&service](Request& request, const std::string& principal) {
                 return watch(service, request, principal);
             }}};
}

}  // namespace carrel::api
