#include "api/routes.hpp"

#include <doctest/doctest.h>

#include <array>

#include "api/errors.hpp"
#include "core/error.hpp"
#include "tests/fakes/manual_clock.hpp"
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

const fakes::ManualClock clock_of_gates;

Gatekeeper gate_of_all_roles() {
    const auto key = [](std::string name, ops::Role role, std::string_view text) {
        return Key{{std::move(name), role}, crypto::sha256(text)};
    };
    return Gatekeeper{
        {key("vera", ops::Role::viewer, key_of_viewer), key("carl", ops::Role::controller, key_of_controller),
         key("olga", ops::Role::user, key_of_owner)},
        clock_of_gates};
}

/// The caller's name as the handler gets it, or how they were refused.
std::string ask(Gatekeeper& gatekeeper, const ops::Operation& row, std::string_view key) {
    std::string heard;
    const auto route = guarded(gatekeeper, row, std::string{row.path}, error_response,
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
    auto gate = gate_of_all_roles();
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
    Gatekeeper gate{{}, clock_of_gates};
    for (const auto& row : rows) CHECK(ask(gate, row, "") == "as local");
}

namespace {

/// Never ends, and says nothing.
class Silence final : public net::Source {
public:
    Task<std::size_t> read(std::span<char>) override { co_return 0; }
};

/// What the route answers to a request that shows the owner's key.
net::Response answer_of(const net::Route& route, net::Request request = {}) {
    net::Response response;
    request.headers.add("Host", "localhost");
    request.headers.add("X-API-Key", std::string{key_of_owner});
    fakes::run_loop([&](async::Executor) -> Task<> {
        try {
            response = co_await route.handler(request);
        } catch (const core::Error& error) {
            response = route.error_answer(error, request);
        }
    });
    return response;
}

}  // namespace

TEST_CASE("streams keep their caller's place until they end, and one caller's places are bounded") {
    auto gate = gate_of_all_roles();
    const auto route = guarded(gate, rows[0], "/see", error_response,
                               [](net::Request&, const Principal&) -> Task<net::Response> {
                                   co_return net::stream_response(200, {}, std::make_unique<Silence>());
                               });
    std::vector<net::Response> streams;
    while (streams.empty() || streams.back().status == 200) {
        REQUIRE(streams.size() < 1000);
        streams.push_back(answer_of(route));
    }
    CHECK(streams.size() > 100);
    CHECK(streams.back().status == 503);
    CHECK(streams.back().text().contains("too_many_calls"));
    CHECK(ask(gate, rows[0], key_of_viewer) == "as vera");
    streams.clear();
    CHECK(answer_of(route).status == 200);
}

TEST_CASE("who shows a key is known to the connection, and who shows none is a stranger") {
    auto gate = gate_of_all_roles();
    bool is_known = false;
    const auto route = guarded(gate, rows[3], "/", error_response,
                               [&](net::Request& request, const Principal&) -> Task<net::Response> {
                                   is_known = request.is_known;
                                   co_return net::Response{};
                               });
    answer_of(route);
    CHECK(is_known);
    CHECK(ask(gate, rows[3], "no-key-of-anybody") == "as ");
    fakes::run_loop([&](async::Executor) -> Task<> {
        net::Request request;
        co_await route.handler(request);
    });
    CHECK_FALSE(is_known);
}

TEST_CASE("errors in a desk's place are such as the desk's own") {
    net::Request request;
    const core::Error error{core::Code::conflict, "the desk is asleep", "asleep"};
    request.path = "/api/v1/sessions/sess_000000000000/desk/mouse/click";
    for (const auto& response : {desk_error_response(error, request), any_error_response(error, request)}) {
        CHECK(response.status == 409);
        CHECK(response.text().contains(R"("success":false)"));
        CHECK(response.text().contains(R"("error":"the desk is asleep")"));
    }
    CHECK_FALSE(error_response(error, request).text().contains("success"));
    for (const auto* path :
         {"/api/v1/sessions/sess_000000000000/cancel", "/api/v1/sessions/desk", "/desk/x", "/"}) {
        request.path = path;
        CHECK_FALSE_MESSAGE(any_error_response(error, request).text().contains("success"), path);
    }
    const auto no_upgrade = error_response({core::Code::invalid, "x", "upgrade_required"}, request);
    CHECK(no_upgrade.headers.find("Upgrade") == "websocket");
    CHECK(no_upgrade.headers.find("Sec-WebSocket-Version") == "13");
}

namespace {

constexpr ops::Operation watch{.name = "watch",
                               .method = "GET",
                               .path = "/watch",
                               .permission = ops::Permission::view,
                               .response = ops::Body::event_stream,
                               .is_for_links = true};
constexpr ops::Operation rule{
    .name = "rule", .method = "POST", .path = "/rule", .permission = ops::Permission::admin};

/// A server with one stored key, of a user.
struct Door {
    Door() { rings->keys.add(given.row); }

    /// Who the handler hears of, or the reason of the refusal.
    std::string ask(const ops::Operation& row, std::string target, net::Headers headers,
                    std::function<void()> hang_up = {}) {
        std::string heard;
        const auto route =
            guarded(gate, row, "/x", error_response,
                    [&](net::Request& request, const Principal& principal) -> Task<net::Response> {
                        heard = principal.name + " " + request.target;
                        co_return net::stream_response(200, {}, std::make_unique<Silence>());
                    });
        fakes::run_loop([&](async::Executor) -> Task<> {
            net::Request request;
            request.method = row.method;
            net::set_target(request, std::move(target));
            request.headers = std::move(headers);
            request.hang_up = std::move(hang_up);
            try {
                streams.push_back(co_await route.handler(request));
            } catch (const core::Error& error) {
                heard = error.reason();
            }
        });
        return heard;
    }

    std::shared_ptr<people::Rings> rings = std::make_shared<people::Rings>();
    people::Given<store::KeyRow> given = people::make_key({.user = "uma"}, clock_of_gates.now());
    Gatekeeper gate{{}, clock_of_gates, rings};
    std::vector<net::Response> streams;
};

}  // namespace

TEST_CASE("what a key has opened is cut when the key is revoked, and it opens nothing more") {
    Door door;
    int cut = 0;
    const net::Headers headers{{"X-API-Key", door.given.secret}};
    CHECK(door.ask(watch, "/x", headers, [&] { ++cut; }) == "uma /x");
    door.ask(watch, "/x", headers, [&] { ++cut; });
    door.streams.pop_back();  // it has ended by itself
    const auto cookie = door.gate.log_in({}, door.given.secret);
    door.rings->keys.revoke(door.given.row.id, clock_of_gates.now());
    CHECK(cut == 1);
    CHECK(door.ask(watch, "/x", headers) == "key_revoked");
    CHECK(door.ask(watch, "/x", {{"Cookie", cookie.substr(0, cookie.find(';'))}}) == "key_revoked");
}

TEST_CASE("a ticket opens one stream, and does not go on to where the request goes") {
    Door door;
    const auto grant = door.rings->keys.find(door.given.row.digest, clock_of_gates.now());
    const auto make = [&] { return door.rings->tickets.make(grant, std::chrono::steady_clock::now()); };
    const auto ticket = make();
    CHECK(door.ask(watch, "/x?a=1&ticket=" + ticket + "&b=%20", {}) == "uma /x?a=1&b=%20");
    CHECK(door.ask(watch, "/x?ticket=" + ticket, {}) == "wrong_ticket");
    CHECK(door.ask(watch, "/x?%74icket=" + make(), {}) == "uma /x");
    CHECK(door.ask(rows[0], "/x?ticket=" + make(), {}) == "unauthorized");
    door.rings->keys.revoke(door.given.row.id, clock_of_gates.now());
    CHECK(door.ask(watch, "/x?ticket=" + make(), {}) == "key_revoked");
}

TEST_CASE("a key in an address is refused as such") {
    Door door;
    for (const auto* name : {"key", "token", "api_key", "access_token", "KEY"})
        CHECK(door.ask(watch, "/x?" + std::string{name} + "=" + door.given.secret, {}) == "key_in_address");
}

TEST_CASE("a link opens what is for links, as far as its mode goes") {
    Door door;
    const auto add = [&](std::string_view secret, std::string_view role) {
        door.rings->links.add({.id = std::string{secret},
                               .digest = crypto::sha256(secret),
                               .session_id = "s1",
                               .principal = "uma",
                               .key_id = {},
                               .role = std::string{role},
                               .created_at = {},
                               .expires_at = clock_of_gates.now() + std::chrono::hours{1}});
    };
    add("looks", "viewer");
    add("acts", "controller");
    const auto by = [&](const ops::Operation& row, std::string secret) {
        return door.ask(row, "/x", {{"Cookie", "carrel_link=" + secret}});
    };
    CHECK(by(watch, "looks") == "uma /x");
    CHECK(by(watch, "acts") == "uma /x");
    CHECK(by(watch, "forged") == "link_ended");
    for (const auto& row : {rows[0], rows[1], rows[2]}) CHECK(by(row, "acts") == "forbidden");
    // It is no key.
    CHECK(door.ask(watch, "/x", {{"X-API-Key", "acts"}}) == "wrong_key");
    // Whoever is logged in keeps their own rights.
    const auto cookie = door.gate.log_in({}, door.given.secret);
    CHECK(door.ask(rows[2], "/x", {{"Cookie", cookie.substr(0, cookie.find(';')) + "; carrel_link=looks"}}) ==
          "uma /x");
}

TEST_CASE("what is an admin's is nobody else's") {
    Door door;
    CHECK(door.ask(rule, "/x", {{"X-API-Key", door.given.secret}}) == "forbidden");
    Gatekeeper gate{parse_keys("0123456789abcdef\nnina fedcba9876543210"), clock_of_gates};
    CHECK(ask(gate, rule, "0123456789abcdef") == "as local");
    CHECK(ask(gate, rule, "fedcba9876543210") == "forbidden");
}
