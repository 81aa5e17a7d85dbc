#include "api/routes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/errors.hpp"
#include "core/error.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::api {

namespace {

/// Who asks, if they may.
Principal get_principal(const Caller& caller, const ops::Operation& row) {
    if (!caller.principal && row.permission != ops::Permission::open) throw Gatekeeper::refusal(caller.shown);
    const auto principal = caller.principal.value_or(Principal{});
    if (!principal.may(row.permission))
        throw core::Error{core::Code::forbidden,
                          fmt::format("{} needs the permission to {}, which {} does not have", row.name,
                                      ops::name_of(row.permission), principal.name)};
    return principal;
}

/// A stream that has a place as long as it is read.
class PlacedSource final : public net::Source {
public:
    PlacedSource(Place place, std::unique_ptr<net::Source> inner)
        : place_{std::move(place)}, inner_{std::move(inner)} {}
    Task<std::size_t> read(std::span<char> into) override { return inner_->read(into); }

private:
    Place place_;
    std::unique_ptr<net::Source> inner_;
};

/// The place goes on with what goes on after the answer's head.
void keep_place(net::Response& response, Place place) {
    if (auto* streamed = std::get_if<net::StreamedBody>(&response.body))
        streamed->source = std::make_unique<PlacedSource>(std::move(place), std::move(streamed->source));
    else if (auto* upgrade = std::get_if<net::Upgrade>(&response.body))
        response.body =
            net::Upgrade{[place = std::move(place), inner = std::move(*upgrade)](
                             std::unique_ptr<net::Stream> stream) { return inner(std::move(stream)); }};
}

Task<net::Response> serve(Gatekeeper& gatekeeper, const ops::Operation& row, const Handling& handler,
                          net::Request& request) {
    gatekeeper.check_origin(request, row);
    const auto caller = gatekeeper.find_caller(request);
    request.is_known = caller.principal.has_value();
    const auto principal = get_principal(caller, row);
    if (row.permission == ops::Permission::open) {
        // Health and the page are for everybody; but they shall not be where keys are tried.
        if (caller.shown == Caller::Shown::wrong_key) co_await gatekeeper.hold_back(request);
        co_return co_await handler(request, principal);
    }
    auto place = gatekeeper.take_place(principal);
    auto response = co_await handler(request, principal);
    keep_place(response, std::move(place));
    co_return response;
}

}  // namespace

net::Route guarded(Gatekeeper& gatekeeper, const ops::Operation& row, std::string path,
                   net::ErrorAnswer error_answer, Handling handler, Observer observer) {
    auto checked = [&gatekeeper, &row,
                    handler = std::move(handler)](net::Request& request) -> Task<net::Response> {
        std::exception_ptr wrong_key;
        try {
            co_return co_await serve(gatekeeper, row, handler, request);
        } catch (const core::Error& error) {
            if (error.reason() != "wrong_key") throw;
            wrong_key = std::current_exception();
        }
        co_await gatekeeper.hold_back(request);
        std::rethrow_exception(wrong_key);
    };
    return observed({std::string{row.method}, std::move(path), std::move(checked), std::move(error_answer)},
                    row, std::move(observer));
}

void add_routes(net::Router& router, Gatekeeper& gatekeeper, std::span<const ops::Operation> rows,
                const std::vector<Binding>& bindings, const Observer& observer) {
    std::vector<rest::RowName> bound;
    bound.reserve(bindings.size());
    for (const auto& binding : bindings) bound.push_back({binding.name, {}});
    rest::check_bindings(rows, bound);
    for (const auto& row : rows) {
        const auto binding = std::ranges::find(bindings, row.name, &Binding::name);
        auto handler = [&row, inner = binding->handler](net::Request& request,
                                                        const Principal& principal) -> Task<net::Response> {
            co_await rest::refuse_fields(row, request);
            co_return co_await inner(request, principal);
        };
        router.add(
            guarded(gatekeeper, row, std::string{row.path}, error_response, std::move(handler), observer));
    }
}

}  // namespace carrel::api
