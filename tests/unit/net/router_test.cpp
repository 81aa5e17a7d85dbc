#include "net/router.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "core/error.hpp"
#include "net/status.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using namespace carrel::net;

namespace {

Response answer_error(const core::Error& error, const Request&) {
    // The reason is told where it is more than the code.
    const bool is_plain = error.reason() == core::name_of(error.code());
    return text_response(status_of(error), is_plain ? error.message() : error.reason());
}

/// A route that answers with its pattern and what its parameters stood for.
Route echo(std::string method, std::string pattern) {
    auto handler = [pattern](Request& request) -> Task<Response> {
        std::string text = pattern;
        for (const auto& [name, value] : request.parameters) text += " " + name + "=" + value;
        co_return text_response(200, text);
    };
    return {std::move(method), std::move(pattern), std::move(handler)};
}

Response ask(Router& router, std::string method, std::string target) {
    Response response;
    fakes::run_loop([&](async::Executor) -> Task<> {
        Request request;
        request.method = method;
        REQUIRE(set_target(request, target));
        response = co_await router.handle(request);
    });
    return response;
}

}  // namespace

TEST_CASE("a path finds its route, the more literal one first") {
    Router router{answer_error};
    for (const auto* pattern : {"/", "/a", "/a/{id}", "/a/b", "/a/{id}/c", "/a/b/d", "/files/{path...}",
                                "/files/list", "/x/{one}/y/{two}"})
        router.add(echo("GET", pattern));
    struct Case {
        const char* target;
        const char* answer;
    };
    const Case cases[] = {
        {"/", "/"},
        {"/a", "/a"},
        {"/a?b=c", "/a"},
        {"/a/b", "/a/b"},
        {"/a/q", "/a/{id} id=q"},
        {"/a/b/c", "/a/{id}/c id=b"},
        {"/a/b/d", "/a/b/d"},
        {"/a/%2e%2E%2fx", "/a/{id} id=../x"},
        {"/files/", "/files/{path...} path="},
        {"/files/list", "/files/list"},
        {"/files/list/x", "/files/{path...} path=list/x"},
        {"/files/a//b%20c/", "/files/{path...} path=a//b c/"},
        {"/x/1/y/2", "/x/{one}/y/{two} one=1 two=2"},
    };
    for (const auto& each : cases) {
        CAPTURE(each.target);
        CHECK(ask(router, "GET", each.target).text() == each.answer);
    }
    for (const auto* target : {"/b", "/a/", "/a//c", "//", "/files", "/x/1/y", "/A"}) {
        CAPTURE(target);
        CHECK(ask(router, "GET", target).status == 404);
    }
}

TEST_CASE("another method is refused with those that are possible; HEAD goes with GET") {
    Router router{answer_error};
    router.add(echo("GET", "/a"));
    router.add(echo("DELETE", "/a"));
    router.add(echo("POST", "/b"));
    CHECK(ask(router, "HEAD", "/a").status == 200);
    const auto refused = ask(router, "POST", "/a");
    CHECK(refused.status == 405);
    CHECK(refused.headers.find("Allow") == "DELETE, GET, HEAD");
    CHECK(refused.text().contains("method_not_allowed"));
    CHECK(ask(router, "HEAD", "/b").status == 405);
}

TEST_CASE("what a handler throws becomes an answer") {
    Router router{answer_error};
    router.add({"GET", "/busy", [](Request&) -> Task<Response> {
                    throw core::Error{core::Code::conflict, "it is busy"};
                    co_return Response{};
                }});
    router.add({"GET", "/broken", [](Request&) -> Task<Response> {
                    throw std::runtime_error{"a secret"};
                    co_return Response{};
                }});
    CHECK(ask(router, "GET", "/busy").status == 409);
    CHECK(ask(router, "GET", "/busy").text() == "it is busy");
    CHECK(ask(router, "GET", "/broken").status == 500);
    CHECK_FALSE(ask(router, "GET", "/broken").text().contains("secret"));
}

TEST_CASE("what a kind of Error knows beyond its message reaches the answer") {
    struct Detailed : core::Error {
        Detailed() : Error{core::Code::invalid, "it is wrong"} {}
        std::string detail = "in the third field";
    };
    Router router{[](const core::Error& error, const Request&) {
        const auto* detailed = dynamic_cast<const Detailed*>(&error);
        return text_response(422, detailed ? detailed->detail : error.message());
    }};
    router.add({"GET", "/", [](Request&) -> Task<Response> {
                    throw Detailed{};
                    co_return Response{};
                }});
    CHECK(ask(router, "GET", "/").text() == "in the third field");
}

TEST_CASE("a route's own error answer comes before the router's, for every error of its pattern") {
    Router router{answer_error};
    const auto own = [](const core::Error& error, const Request&) {
        return text_response(status_of(error) + 10, "own: " + error.message());
    };
    const auto add_failing = [&](std::string method, std::string pattern, ErrorAnswer error_answer) {
        auto handler = [](Request&) -> Task<Response> {
            throw core::Error{core::Code::conflict, "it is busy"};
            co_return Response{};
        };
        router.add({std::move(method), std::move(pattern), handler, std::move(error_answer)});
    };
    add_failing("GET", "/dialect/{id}", own);
    add_failing("DELETE", "/dialect/{id}", {});
    add_failing("GET", "/ours", {});
    router.add({"GET", "/broken",
                [](Request&) -> Task<Response> {
                    throw std::runtime_error{"a secret"};
                    co_return Response{};
                },
                own});

    CHECK(ask(router, "GET", "/dialect/1").status == 419);
    CHECK(ask(router, "GET", "/dialect/1").text() == "own: it is busy");
    CHECK(ask(router, "DELETE", "/dialect/1").text() == "it is busy");
    CHECK(ask(router, "GET", "/ours").text() == "it is busy");
    CHECK(ask(router, "GET", "/broken").status == 510);
    CHECK_FALSE(ask(router, "GET", "/broken").text().contains("secret"));

    const auto refused = ask(router, "POST", "/dialect/1");
    CHECK(refused.status == 415);
    CHECK(refused.headers.find("Allow") == "DELETE, GET, HEAD");
    CHECK(refused.text().starts_with("own: POST is not possible here"));
    CHECK(ask(router, "POST", "/ours").text() == "method_not_allowed");
    CHECK(ask(router, "GET", "/dialect").text() == "there is no /dialect");
}

TEST_CASE("malformed and doubled routes are refused when they are added") {
    Router router{answer_error};
    router.add(echo("GET", "/a/{id}"));
    for (const auto* pattern : {"", "a", "/{", "/{}", "/{a", "/a{b}", "/{a...}/b", "/a/{other}"}) {
        CAPTURE(pattern);
        CHECK_THROWS_AS(router.add(echo("GET", pattern)), core::Error);
    }
}
