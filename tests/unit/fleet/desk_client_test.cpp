#include "fleet/desk_client.hpp"

#include <doctest/doctest.h>

#include "async/gate.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using fakes::run_loop;

namespace {

struct CannedDesk final : net::Handler {
    std::function<Task<net::Response>(net::Request&)> answer;
    Task<net::Response> handle(net::Request& request) override { co_return co_await answer(request); }
};

}  // namespace

TEST_CASE("what a desk says about an error becomes an Error, bounded and in well-formed text") {
    struct Case {
        int status;
        std::string body;
        core::Code code;
        std::string message;
        std::string reason;
    };
    const Case cases[] = {
        {404, R"({"detail":"no such file /a","code":"not_found"})", core::Code::not_found, "no such file /a",
         "not_found"},
        {422,
         R"({"detail":[{"loc":["body","coordinate","x"],"msg":"must be whole","type":"t"},)"
         R"({"loc":["body"],"msg":"odd"}],"code":"invalid"})",
         core::Code::invalid, "coordinate.x: must be whole; odd", "invalid"},
        {502, R"({"title":"gone","code":"tool_server_restarted"})", core::Code::unavailable, "gone",
         "tool_server_restarted"},
        {500, R"({"detail":"x","code":"<b>x</b>"})", core::Code::unavailable, "x", "unavailable"},
        {500, "not JSON", core::Code::unavailable, "the desk answered with status 500", "unavailable"},
        {418, R"({"detail":7})", core::Code::unavailable, "the desk answered with status 418", "unavailable"},
        {503, "[[[[[[[[[[[[[[[[[[[[", core::Code::unavailable, "the desk answered with status 503",
         "unavailable"},
        {408, R"({"detail":"slow"})", core::Code::timeout, "slow", "timeout"},
        {507, R"({"detail":"full"})", core::Code::exhausted, "full", "exhausted"},
        {401, R"({"detail":"no key"})", core::Code::unavailable, "no key", "unavailable"},
        {416, R"({"detail":"none of it","code":"out_of_range"})", core::Code::invalid, "none of it",
         "out_of_range"},
    };
    for (const auto& test : cases) {
        CAPTURE(test.body);
        const auto error = fleet::error_of({test.status, "application/problem+json", test.body});
        CHECK(error.code() == test.code);
        CHECK(error.message() == test.message);
        CHECK(error.reason() == test.reason);
    }
    const auto long_error = fleet::error_of({500, "", R"({"detail":")" + std::string(100'000, 'x') + "\"}"});
    CHECK(long_error.message().size() <= 2'000);
}

TEST_CASE("an answer that is too large or too late is an error of the desk") {
    run_loop([](async::Executor executor) -> Task<> {
        CannedDesk desk;
        desk.answer = [](net::Request&) -> Task<net::Response> {
            co_return net::stream_response(200, {}, net::make_source(std::string(1'000, 'x')));
        };
        try {
            co_await fleet::ask_desk(desk, {.most_bytes = 999});
            FAIL("no error");
        } catch (const core::Error& error) {
            CHECK(error.reason() == "bad_desk_answer");
        }
        CHECK((co_await fleet::ask_desk(desk, {.most_bytes = 1'000})).body.size() == 1'000);

        async::Gate never{executor};
        desk.answer = [&](net::Request&) -> Task<net::Response> {
            co_await never.wait();
            co_return net::Response{};
        };
        try {
            co_await fleet::ask_desk(desk, {.method = "POST", .target = "/terminal/execute", .limit = 1ms});
            FAIL("no error");
        } catch (const core::Error& error) {
            CHECK(error.code() == core::Code::timeout);
            CHECK(error.message() == "the desk's answer to POST /terminal/execute took longer than 1 ms");
        }
    });
}

TEST_CASE("a question to a desk carries its body and says what it accepts, and nothing of its asker") {
    run_loop([](async::Executor) -> Task<> {
        CannedDesk desk;
        desk.answer = [](net::Request& request) -> Task<net::Response> {
            CHECK(request.method == "POST");
            CHECK(request.path == "/mouse/click");
            CHECK(request.headers.find("Accept") == "image/png");
            CHECK(request.headers.size() == 2);
            CHECK(co_await net::read_all(*request.body, 100) == R"({"button":"left_click"})");
            net::Response response = net::text_response(200, "bytes");
            response.headers.set("Content-Type", "Image/PNG; charset=x");
            co_return response;
        };
        const auto answer = co_await fleet::ask_desk(desk, {.method = "POST",
                                                            .target = "/mouse/click",
                                                            .body = R"({"button":"left_click"})",
                                                            .accept = "image/png"});
        CHECK(answer.media_type == "image/png");
        CHECK(answer.body == "bytes");
    });
}
