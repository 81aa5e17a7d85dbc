#include "api/state/observing.hpp"

#include <doctest/doctest.h>

#include "api/errors.hpp"
#include "async/gate.hpp"
#include "async/scope.hpp"
#include "core/error.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using namespace carrel::api;
using namespace std::chrono_literals;
using async::Task;

namespace {

constexpr ops::Operation looked_at{.name = "mouse/click", .method = "POST", .path = "/mouse/click"};

using Handler = std::function<Task<net::Response>(net::Request&)>;

/// What the observer heard of one request that `handler` answers.
std::vector<int> heard_of(Handler handler) {
    std::vector<int> heard;
    const auto route = observed({"POST", "/mouse/click", std::move(handler), error_response}, looked_at,
                                [&](const Answered& answered) {
                                    CHECK(answered.row.name == "mouse/click");
                                    heard.push_back(answered.status);
                                });
    fakes::run_loop([&](async::Executor) -> Task<> {
        net::Request request;
        try {
            const auto response = co_await route.handler(request);
            CHECK(heard == std::vector{response.status});
        } catch (const std::runtime_error&) {
        }
    });
    return heard;
}

}  // namespace

TEST_CASE("an observer hears once of each answer: a handler's, an error's, and what is no error of ours") {
    CHECK(heard_of([](net::Request&) -> Task<net::Response> { co_return net::Response{.status = 204}; }) ==
          std::vector{204});
    CHECK(heard_of([](net::Request&) -> Task<net::Response> {
              throw core::Error{core::Code::not_found, "there is none"};
              co_return net::Response{};
          }) == std::vector{404});
    CHECK(heard_of([](net::Request&) -> Task<net::Response> {
              throw std::runtime_error{"broken"};
              co_return net::Response{};
          }) == std::vector{500});
}

TEST_CASE("a client that goes away before the answer leaves no status") {
    std::vector<int> heard;
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        async::Gate never{executor};
        async::Gate asked{executor};
        bool is_asked = false;
        const auto route =
            observed({"POST", "/mouse/click",
                      [&](net::Request&) -> Task<net::Response> {
                          is_asked = true;
                          asked.notify_all();
                          while (true) co_await never.wait();
                      },
                      error_response},
                     looked_at, [&](const Answered& answered) { heard.push_back(answered.status); });
        net::Request request;
        const auto ask = [&]() -> Task<> { co_await route.handler(request); };
        async::Scope scope{executor};
        scope.start("asking", ask());
        while (!is_asked) co_await asked.wait();
        CHECK(heard.empty());
        co_await scope.close();
    });
    CHECK(heard == std::vector{0});
}

TEST_CASE("whoever looks after the server is told of failures and of what took long") {
    const net::Request request;
    const auto level = [&](int status, std::chrono::steady_clock::duration took) {
        return level_of({looked_at, request, status, took});
    };
    CHECK(level(200, 1ms) == core::Level::debug);
    CHECK(level(404, 1ms) == core::Level::debug);
    CHECK(level(500, 1ms) == core::Level::info);
    CHECK(level(503, 1ms) == core::Level::info);
    CHECK(level(200, 30s) == core::Level::info);
    CHECK(level(0, 30s) == core::Level::debug);
}
