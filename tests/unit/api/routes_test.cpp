#include "api/routes.hpp"

#include <doctest/doctest.h>

#include <array>

#include "core/error.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using namespace carrel::api;

namespace {

constexpr std::array rows{
    ops::Operation{"see", "GET", "/see", ops::Permission::view, ops::Body::none, ops::Body::json, "x"},
    ops::Operation{"act", "POST", "/act", ops::Permission::control, ops::Body::none, ops::Body::json, "x"},
    ops::Operation{"make", "POST", "/make", ops::Permission::create, ops::Body::none, ops::Body::json, "x"},
    ops::Operation{"page", "GET", "/", ops::Permission::open, ops::Body::none, ops::Body::json, "x"},
};

constexpr std::string_view key_of_viewer = "0123456789abcdef";
constexpr std::string_view key_of_controller = "123456789abcdef0";
constexpr std::string_view key_of_owner = "23456789abcdef01";

Gatekeeper gate_of_all_roles() {
    const auto key = [](std::string name, ops::Role role, std::string_view text) {
        return Key{{std::move(name), role}, crypto::sha256(text)};
    };
    return Gatekeeper{{key("vera", ops::Role::viewer, key_of_viewer),
                       key("carl", ops::Role::controller, key_of_controller),
                       key("olga", ops::Role::owner, key_of_owner)}};
}

/// The caller's name as the handler gets it, or how they were refused.
std::string ask(const Gatekeeper& gatekeeper, const ops::Operation& row, std::string_view key) {
    std::string heard;
    const auto route = guarded(gatekeeper, row, std::string{row.path},
                               [&](net::Request&, const Principal& principal) -> Task<net::Response> {
                                   heard = "as " + principal.name;
                                   co_return net::Response{};
                               });
    fakes::run_loop([&](async::Executor) -> Task<> {
        net::Request request;
        request.method = row.method;
        request.headers.add("Host", "localhost");
        if (!key.empty()) request.headers.add("X-API-Key", std::string{key});
        try {
            co_await route.handler(request);
        } catch (const core::Error& error) {
            heard = std::string{core::name_of(error.code())};
        }
    });
    return heard;
}

}  // namespace

TEST_CASE("a caller gets as far as their role, and no handler hears of anybody else") {
    const auto gate = gate_of_all_roles();
    struct Case {
        std::string_view key;
        std::array<std::string_view, rows.size()> heard;
    };
    const Case cases[] = {
        {"", {"unauthorized", "unauthorized", "unauthorized", "as "}},
        {"no-key-of-anybody", {"unauthorized", "unauthorized", "unauthorized", "as "}},
        {key_of_viewer, {"as vera", "forbidden", "forbidden", "as vera"}},
        {key_of_controller, {"as carl", "as carl", "forbidden", "as carl"}},
        {key_of_owner, {"as olga", "as olga", "as olga", "as olga"}},
    };
    for (const auto& [key, heard] : cases)
        for (std::size_t i = 0; i < rows.size(); ++i)
            CHECK_MESSAGE(ask(gate, rows[i], key) == heard[i], rows[i].name, " with ", key);
}

TEST_CASE("a server without keys lets everybody do everything, as one principal") {
    const Gatekeeper gate{{}};
    for (const auto& row : rows) CHECK(ask(gate, row, "") == "as local");
}
