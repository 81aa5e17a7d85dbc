#include "api/routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "api/errors.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::api {

namespace {

/// Keys in an address stay in histories, logs and Referer lines: who sends one there is told so at once.
void refuse_key_in_address(const net::Request& request, const ops::Operation& row) {
    constexpr std::array<std::string_view, 6> names{"key",    "token",   "api_key",
                                                    "apikey", "api-key", "access_token"};
    for (const auto& [name, value] : request.query) {
        if (std::ranges::find(names, core::to_lower(name)) == names.end()) continue;
        if (ops::takes_query(row) && row.request_schema &&
            row.request_schema()["properties"].as_object().contains(name))
            continue;
        throw core::Error{
            core::Code::invalid,
            fmt::format("a key does not belong into an address (?{}=): send it as Authorization: "
                        "Bearer KEY or X-API-Key, or a ticket of POST /api/v1/tickets as ?ticket=",
                        core::to_lower(name)),
            "key_in_address"};
    }
}

/// Who asks, if they may.
Principal get_principal(const Caller& caller, const ops::Operation& row) {
    if (!caller.principal && row.permission != ops::Permission::open) throw Gatekeeper::refusal(caller);
    const auto principal = caller.principal.value_or(Principal{});
    if (!principal.may(row.permission))
        throw core::Error{core::Code::forbidden,
                          fmt::format("{} needs the permission \"{}\", which the role {} does not have",
                                      row.name, ops::name_of(row.permission), ops::name_of(principal.role))};
    if (principal.has_only_link() && !row.is_for_links && row.permission != ops::Permission::open)
        throw core::Error{core::Code::forbidden,
                          fmt::format("a link shows a desktop and no more: {} is not for it", row.name)};
    return principal;
}

/// What is kept as long as an answer goes on: its caller's place, and the hold on what has let them in.
struct Kept {
    Place place;
    std::shared_ptr<const void> hold;
};

/// A stream that has a place as long as it is read.
class PlacedSource final : public net::Source {
public:
    PlacedSource(Kept kept, std::unique_ptr<net::Source> inner)
        : kept_{std::move(kept)}, inner_{std::move(inner)} {}
    Task<std::size_t> read(std::span<char> into) override { return inner_->read(into); }

private:
    Kept kept_;
    std::unique_ptr<net::Source> inner_;
};

/// What comes out of a desk is streamed, also a command's late answer. What a call has done before its key or
/// link ended is told: JSON, pictures, and files up to so many bytes.
constexpr std::uint64_t longest_told = std::uint64_t{16} << 20;

bool is_told_anyway(const ops::Operation& row, const net::StreamedBody& body) {
    return row.response == ops::Body::json || row.response == ops::Body::picture ||
           body.length.value_or(~0ull) <= longest_told;
}

/// The place goes on with what goes on after the answer's head; and that is cut when the caller's key or link
/// ends.
void keep_open(net::Response& response, Place place, const Caller& caller, const ops::Operation& row,
               const net::Request& request) {
    auto* const streamed = std::get_if<net::StreamedBody>(&response.body);
    auto* const upgrade = std::get_if<net::Upgrade>(&response.body);
    if (!streamed && !upgrade) return;
    Kept kept{std::move(place), nullptr};
    const bool is_told = streamed && is_told_anyway(row, *streamed);
    if (request.hang_up && !is_told) kept.hold = caller.grant->hold(request.hang_up);
    if (streamed)
        streamed->source = std::make_unique<PlacedSource>(std::move(kept), std::move(streamed->source));
    else
        response.body =
            net::Upgrade{[kept = std::move(kept), inner = std::move(*upgrade)](
                             std::unique_ptr<net::Stream> stream) { return inner(std::move(stream)); }};
}

/// The handler's answer, within the row's own limit.
Task<net::Response> answer_in_turn(Gatekeeper& gatekeeper, const ops::Operation& row, const Handling& handler,
                                   net::Request& request, const Principal& principal) {
    auto taken = gatekeeper.take_turn(row, request, principal);
    try {
        auto response = co_await handler(request, principal);
        // The session that a key names is there already: it is none of the new ones that are counted.
        if (taken.standing && row.name == "sessions/create" && response.status == 200) {
            gatekeeper.give_turn_back(row, taken);
            ++taken.standing->left;
        }
        if (taken.standing) add_rate_headers(response.headers, *taken.standing);
        co_return response;
    } catch (...) {
        gatekeeper.give_turn_back(row, taken);
        throw;
    }
}

/// Whoever watches over the server is never told that they ask too often. Keys that are tried have a bound of
/// their own (api/callers/wrong_keys), by which the right one opens all the same.
bool is_counted(const ops::Operation& row, const Caller& caller) {
    // The page's files neither: behind a proxy all who have no key have one address.
    return !row.name.starts_with("health") && !row.name.starts_with("page/") && row.name != "login" &&
           caller.shown != Caller::Shown::wrong_key;
}

Task<net::Response> serve(Gatekeeper& gatekeeper, const ops::Operation& row, const Handling& handler,
                          net::Request& request) {
    gatekeeper.check_origin(request, row);
    refuse_key_in_address(request, row);
    const auto caller = gatekeeper.find_caller(request, row);
    request.is_known = caller.principal.has_value();
    if (is_counted(row, caller)) gatekeeper.count_request(caller, request);
    const auto principal = get_principal(caller, row);
    if (row.permission == ops::Permission::open) {
        // Health and the page are for everybody; but they shall not be where keys are tried.
        if (caller.shown == Caller::Shown::wrong_key) co_await gatekeeper.hold_back(request);
        co_return co_await handler(request, principal);
    }
    auto place = gatekeeper.take_place(principal);
    // Who stands in the line is cut when the key or link ends that let him in; what a desk was asked is
    // answered, and what must not be left half done goes on.
    const bool is_of_desk = !row.path.starts_with("/api/");
    const auto waiting = std::make_shared<net::Request*>(&request);
    const auto hold = caller.grant->hold([is_of_desk, known = std::weak_ptr{waiting}] {
        const auto left = is_of_desk ? nullptr : known.lock();
        if (left && (*left)->may_be_dropped && (*left)->hang_up) (*left)->hang_up();
    });
    auto response = co_await answer_in_turn(gatekeeper, row, handler, request, principal);
    keep_open(response, std::move(place), caller, row, request);
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
