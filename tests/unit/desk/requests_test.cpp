#include <doctest/doctest.h>

#include "desk/browser/browser.hpp"
#include "desk/notices/notices.hpp"
#include "ops/desk/browser.hpp"
#include "ops/desk/files.hpp"
#include "ops/desk/input.hpp"
#include "ops/desk/screen.hpp"
#include "ops/desk/system.hpp"
#include "ops/desk/terminal.hpp"
#include "ops/operation.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using async::Task;
using namespace carrel::desk;

namespace {

net::Request request_with(std::string body) {
    net::Request request;
    request.body = net::make_source(std::move(body));
    return request;
}

/// A binding for each row, all of which answer 204.
std::vector<rest::Binding> complete_bindings() {
    std::vector<rest::Binding> bindings;
    for (const auto& row : ops::desk_operations())
        bindings.push_back({row.name, row.method, [](net::Request&) -> Task<net::Response> {
                                co_return net::Response{.status = 204};
                            }});
    return bindings;
}

void route(std::vector<rest::Binding> bindings) {
    net::Router router{[](const core::Error& error, const net::Request& request) {
        return rest::problem_answer(error, request);
    }};
    rest::Bindings all;
    all.add(std::move(bindings));
    all.route(router);
}

}  // namespace

TEST_CASE("an empty body has no fields, and what is no JSON is refused with its place") {
    fakes::run_loop([](async::Executor) -> Task<> {
        auto empty = request_with("  \n");
        CHECK((co_await rest::decode_body(empty, ops::press_button_shape())).button == "left");
        auto broken = request_with("{");
        json::Array detail;
        try {
            co_await rest::decode_body(broken, ops::press_button_shape());
        } catch (const rest::Unprocessable& wrong) {
            detail = wrong.detail("query");
        }
        REQUIRE(detail.size() == 1);
        CHECK(detail[0].at("type") == "json_invalid");
    });
}

TEST_CASE("a body beyond the limit is too large, not wrong") {
    fakes::run_loop([](async::Executor) -> Task<> {
        auto large = request_with(std::string(100, ' '));
        std::string reason;
        try {
            co_await rest::read_json(large, 99);
        } catch (const core::Error& error) {
            reason = error.reason();
            CHECK(rest::problem_answer(error, large).status == 413);
        }
        CHECK(reason == "too_large");
    });
}

TEST_CASE("a query becomes what the fields want") {
    net::Request request;
    request.query = {{"format", "jpeg"}, {"quality", "70"}, {"scale", "0.5"}};
    const auto wish = rest::decode_query(request, ops::screenshot_shape());
    CHECK(wish.format == "jpeg");
    CHECK(wish.quality == 70);
    CHECK(wish.scale == 0.5);
    for (const auto& [name, value] : net::Query{{"quality", "seventy"},
                                                {"quality", "70x"},
                                                {"quality", ""},
                                                {"quality", "101"},
                                                {"colour", "1"}}) {
        request.query = {{name, value}};
        CHECK_THROWS_AS(rest::decode_query(request, ops::screenshot_shape()), rest::Unprocessable);
    }
}

TEST_CASE("problems are answered as 422 with their list, other errors with a sentence") {
    net::Request request;
    request.method = "POST";
    request.headers.set("X-Request-Id", "req_1");
    const auto wrong = rest::problem_answer(rest::unprocessable({"coordinate", "x"}, "too far"), request);
    CHECK(wrong.status == 422);
    const auto problem = *json::parse(wrong.text());
    CHECK(problem.at("detail").at(0).at("loc") == json::Array{"body", "coordinate", "x"});
    CHECK(problem.at("code") == "validation_failed");
    CHECK(problem.at("success") == false);
    CHECK(problem.at("error") == "coordinate.x: too far");
    CHECK(problem.at("request_id") == "req_1");
    const core::Error ended{core::Code::unavailable, "the display ended", "display_restarted"};
    const auto gone = rest::problem_answer(ended, net::Request{});
    CHECK(gone.status == 503);
    const auto told = *json::parse(gone.text());
    CHECK(told.at("code") == "display_restarted");
    CHECK(told.at("detail") == "the display ended");
    CHECK(told.at("error") == "the display ended");
    CHECK_FALSE(told.as_object().contains("request_id"));
    CHECK(gone.headers.find("Content-Type") == "application/problem+json");
}

TEST_CASE("a wrong field is told to stand where that kind of request has its fields") {
    struct Case {
        const char* method;
        const char* type;
        const char* root;
    };
    for (const auto& [method, type, root] :
         {Case{"GET", "", "query"}, Case{"POST", "application/json", "body"}, Case{"POST", "", "body"},
          Case{"PUT", "application/octet-stream", "query"}}) {
        net::Request request;
        request.method = method;
        if (*type) request.headers.set("Content-Type", type);
        const auto answer = rest::problem_answer(rest::unprocessable({"since"}, "no frame"), request);
        CHECK_MESSAGE(json::parse(answer.text())->at("detail").at(0).at("loc").at(0) == root, method);
    }
}

TEST_CASE("a name that stands twice in a query is refused") {
    net::Request request;
    request.query = {{"scale", "1"}, {"scale", "2"}};
    CHECK_THROWS_WITH_AS(rest::decode_query(request, ops::screenshot_shape()),
                         "scale: stands twice; give it once", rest::Unprocessable);
}

TEST_CASE("the desk does not start unless every row has exactly one handler") {
    CHECK_NOTHROW(route(complete_bindings()));
    auto missing = complete_bindings();
    missing.pop_back();
    CHECK_THROWS_AS(route(std::move(missing)), core::Error);
    auto doubled = complete_bindings();
    doubled.push_back(doubled.front());
    CHECK_THROWS_AS(route(std::move(doubled)), core::Error);
    auto unknown = complete_bindings();
    unknown.push_back({"mouse/teleport", "POST", unknown.front().handler});
    CHECK_THROWS_AS(route(std::move(unknown)), core::Error);
}

TEST_CASE("addresses are http, https, file or about, and nothing a shell or an option could be") {
    for (const auto* good : {"http://a", "HTTPS://a/b?c#d", "file:///home/agent/x.html", "about:blank",
                             "example.org", "localhost:8000"})
        CHECK_MESSAGE(browser::parse_url(good), good);
    for (const auto* bad :
         {"", "javascript:alert(1)", "data:text/html,x", "--no-sandbox", "chrome://settings", "http://a b",
          "http://a\n", "view-source:http://a", ":", "ftp://a"})
        CHECK_MESSAGE(!browser::parse_url(bad), bad);
}

TEST_CASE("init's words become notices") {
    CHECK(notices::notice_of('d')->code == "display_restarted");
    CHECK(notices::notice_of('w')->code == "window_manager_restarted");
    CHECK(notices::notice_of('t')->code == "tool_server_restarted");
    CHECK_FALSE(notices::notice_of('r'));
    CHECK_FALSE(notices::notice_of('?'));
}

TEST_CASE("a notice that nobody heard waits for the first follower, and is told once") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        notices::Notices notices{executor};
        notices.publish({"tool_server_restarted", "It was."});
        const auto first = notices.follow();
        const auto second = notices.follow();
        std::array<char, 512> room;
        const auto count = co_await first.source()->read(room);
        const std::string text{room.data(), count};
        CHECK(text.starts_with(":"));
        CHECK(
            text.ends_with("event: tool_server_restarted\n"
                           "data: {\"code\":\"tool_server_restarted\",\"message\":\"It was.\"}\n\n"));
        CHECK(std::string{room.data(), co_await second.source()->read(room)}.find("event") ==
              std::string::npos);
        notices.publish({"display_restarted", "That too."});
        for (const auto* follower : {&first, &second}) {
            const auto more = co_await follower->source()->read(room);
            CHECK(std::string{room.data(), more}.starts_with("event: display_restarted\n"));
        }
    });
}
