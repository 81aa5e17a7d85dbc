#include "rest/bindings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "ops/operations.hpp"
#include "rest/answers.hpp"
#include "rest/requests.hpp"

namespace carrel::rest {

namespace {

core::Error wrong(std::string_view method, std::string_view name, std::string_view what) {
    return {core::Code::internal,
            fmt::format("the operation {}{}{} {}", method, method.empty() ? "" : " ", name, what)};
}

bool fits(const RowName& bound, const ops::Operation& row) {
    return bound.name == row.name && (bound.method.empty() || bound.method == row.method);
}

}  // namespace

void check_bindings(std::span<const ops::Operation> rows, std::span<const RowName> bound) {
    for (const auto& one : bound)
        if (std::ranges::count_if(rows, [&](const auto& row) { return fits(one, row); }) != 1)
            throw wrong(one.method, one.name, "has a handler but no row, or more than one");
    for (const auto& row : rows)
        if (std::ranges::count_if(bound, [&](const auto& one) { return fits(one, row); }) != 1)
            throw wrong(row.method, row.name, "needs exactly one handler");
}

void Bindings::add(std::vector<Binding> bindings) {
    for (auto& binding : bindings) bindings_.push_back(std::move(binding));
}

const OperationHandler& Bindings::handler_of(const ops::Operation& row) const {
    const auto found = std::ranges::find_if(
        bindings_, [&](const auto& binding) { return fits({binding.name, binding.method}, row); });
    if (found == bindings_.end()) throw wrong(row.method, row.name, "has no handler");
    return found->handler;
}

void Bindings::route(net::Router& router) const {
    std::vector<RowName> bound;
    bound.reserve(bindings_.size());
    for (const auto& binding : bindings_) bound.push_back({binding.name, binding.method});
    check_bindings(ops::desk_operations(), bound);
    for (const auto& row : ops::desk_operations())
        router.add({std::string{row.method}, std::string{row.path},
                    [this, &row](net::Request& request) { return handle(row, request); }});
}

Task<net::Response> Bindings::handle(const ops::Operation& row, net::Request& request) const {
    judge_(row);
    const auto& handler = handler_of(row);
    co_await refuse_fields(row, request);
    co_return co_await handler(request);
}

Task<net::Response> Bindings::call(const ops::Operation& row, net::Request& request) const {
    try {
        co_return co_await handle(row, request);
    } catch (const core::Error& error) {
        co_return problem_answer(error, request);
    }
}

}  // namespace carrel::rest
