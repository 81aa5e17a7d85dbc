#include "api/routes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "rest/bindings.hpp"

namespace carrel::api {

namespace {

/// Who asks, if they may.
Principal get_principal(const Gatekeeper& gatekeeper, const net::Request& request,
                        const ops::Operation& row) {
    const auto known = gatekeeper.find_principal(request);
    if (!known && row.permission != ops::Permission::open)
        throw core::Error{core::Code::unauthorized,
                          "this server asks for a key: send it as Authorization: Bearer KEY, or log in"};
    const auto principal = known.value_or(Principal{});
    if (!principal.may(row.permission))
        throw core::Error{core::Code::forbidden,
                          fmt::format("{} needs the permission to {}, which {} does not have", row.name,
                                      ops::name_of(row.permission), principal.name)};
    return principal;
}

}  // namespace

net::Route guarded(const Gatekeeper& gatekeeper, const ops::Operation& row, std::string path,
                   std::function<Task<net::Response>(net::Request&, const Principal&)> handler) {
    auto checked = [&gatekeeper, &row,
                    handler = std::move(handler)](net::Request& request) -> Task<net::Response> {
        gatekeeper.check_origin(request, row);
        const auto principal = get_principal(gatekeeper, request, row);
        co_return co_await handler(request, principal);
    };
    return {std::string{row.method}, std::move(path), std::move(checked)};
}

void add_routes(net::Router& router, const Gatekeeper& gatekeeper, std::span<const ops::Operation> rows,
                const std::vector<Binding>& bindings) {
    std::vector<rest::RowName> bound;
    bound.reserve(bindings.size());
    for (const auto& binding : bindings) bound.push_back({binding.name, {}});
    rest::check_bindings(rows, bound);
    for (const auto& row : rows) {
        const auto binding = std::ranges::find(bindings, row.name, &Binding::name);
        router.add(guarded(gatekeeper, row, std::string{row.path}, binding->handler));
    }
}

}  // namespace carrel::api
