#include "rest/bindings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ops/operation.hpp"
#include "rest/answers.hpp"

namespace carrel::rest {

namespace {

bool fits(const Binding& binding, const ops::Operation& row) {
    return binding.name == row.name && binding.method == row.method;
}

core::Error wrong(std::string_view method, std::string_view name, std::string_view what) {
    return core::Error{core::Code::internal, fmt::format("the desk operation {} {} {}", method, name, what)};
}

/// The router knows core::Error only and would lose the list of problems.
Task<net::Response> answer(const OperationHandler& handler, net::Request& request) {
    try {
        co_return co_await handler(request);
    } catch (const Unprocessable& wrong) {
        co_return problem_answer(wrong, request);
    }
}

}  // namespace

const Binding* Bindings::find(const ops::Operation& row) const {
    const auto found =
        std::ranges::find_if(bindings_, [&](const auto& binding) { return fits(binding, row); });
    return found == bindings_.end() ? nullptr : &*found;
}

Task<net::Response> Bindings::call(const ops::Operation& row, net::Request& request) const {
    const auto* binding = find(row);
    if (!binding) throw wrong(row.method, row.name, "has no handler");
    try {
        co_return co_await answer(binding->handler, request);
    } catch (const core::Error& error) {
        co_return problem_answer(error, request);
    }
}

void Bindings::add(std::vector<Binding> bindings) {
    for (auto& binding : bindings) bindings_.push_back(std::move(binding));
}

void Bindings::route(net::Router& router) const {
    const auto rows = ops::desk_operations();
    for (const auto& binding : bindings_)
        if (std::ranges::none_of(rows, [&](const auto& row) { return fits(binding, row); }))
            throw wrong(binding.method, binding.name, "has a handler but no row");
    for (const auto& row : rows) {
        const auto is_its = [&](const auto& binding) { return fits(binding, row); };
        if (std::ranges::count_if(bindings_, is_its) != 1)
            throw wrong(row.method, row.name, "needs exactly one handler");
        const auto handler = find(row)->handler;
        router.add({std::string{row.method}, std::string{row.path},
                    [handler](net::Request& request) { return answer(handler, request); }});
    }
}

}  // namespace carrel::rest
