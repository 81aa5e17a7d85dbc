#include "desk/batch.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include "ops/desk/batch.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using async::Task;
using namespace carrel::desk;

namespace {

/// Every row notes its call; mouse/down says that it did not work out, mouse/up throws.
struct FakeDesk {
    FakeDesk() {
        std::vector<rest::Binding> all;
        for (const auto& row : ops::desk_operations())
            if (row.name != "batch") all.push_back(binding_of(row));
        bindings.add(std::move(all));
        bindings.add(bind_batch(bindings));
    }

    rest::Binding binding_of(const ops::Operation& row) {
        return {row.name, row.method, [this, &row](net::Request& request) -> Task<net::Response> {
                    calls.push_back(std::string{row.method} + " " + std::string{row.name});
                    bodies.push_back(co_await net::read_all(*request.body, 1 << 20));
                    if (row.name == "mouse/down") co_return rest::failure_answer("no such button");
                    if (row.name == "mouse/up") throw core::Error{core::Code::unavailable, "no display"};
                    co_return rest::json_answer({{"success", true}, {"n", calls.size()}});
                }};
    }

    json::Value run(std::string_view actions) {
        json::Value answer;
        fakes::run_loop([&](async::Executor) -> Task<> {
            net::Request request;
            request.body = net::make_source(std::string{R"({"actions":)"}.append(actions).append("}"));
            const auto response =
                co_await bindings.call(*ops::find_desk_operation("POST", "/batch"), request);
            answer = *json::parse(response.text());
        });
        return answer;
    }

    rest::Bindings bindings;
    std::vector<std::string> calls;
    std::vector<std::string> bodies;
};

}  // namespace

TEST_CASE("a batch runs in order and passes each input on") {
    FakeDesk desk;
    const auto answer =
        desk.run(R"([{"operation":"mouse/move","input":{"a":[1,2]}},{"operation":"screen/info"}])");
    CHECK(answer.at("success").as_bool());
    CHECK(desk.calls == std::vector<std::string>{"POST mouse/move", "GET screen/info"});
    CHECK(desk.bodies[0] == R"({"a":[1,2]})");
    CHECK(answer.at("results").at(1).at("answer").at("n") == 2);
}

TEST_CASE("a batch stops at what did not work out and at what threw") {
    for (const auto* failing : {"mouse/down", "mouse/up"}) {
        FakeDesk desk;
        const auto answer = desk.run(fmt::format(
            R"([{{"operation":"screen/info"}},{{"operation":"{}"}},{{"operation":"screen/info"}}])",
            failing));
        CHECK_FALSE(answer.at("success").as_bool());
        CHECK(answer.at("failed_at") == 1);
        CHECK(answer.at("results").at(2).at("skipped").as_bool());
        CHECK(desk.calls.size() == 2);
    }
}

TEST_CASE("one misspelt action keeps the whole batch from being begun") {
    FakeDesk desk;
    CHECK(desk.run(R"([{"operation":"screen/info"},{"operation":"screen/inf"}])").at("status") == 422);
    CHECK(desk.calls.empty());
}

TEST_CASE("a name with two rows is told apart by method, else by whether there is an input") {
    using ops::BatchAction;
    const auto method = [](BatchAction action) { return ops::find_batch_operation(action)->method; };
    CHECK(method({"system/clipboard", std::nullopt, std::nullopt}) == "GET");
    CHECK(method({"system/clipboard", std::nullopt, json::Object{}}) == "POST");
    CHECK(method({"screen/screenshot", "GET", json::Object{}}) == "GET");
    CHECK(method({"screen/info", std::nullopt, json::Object{}}) == "GET");
    CHECK(method({"terminal/restart", std::nullopt, std::nullopt}) == "POST");
    CHECK(ops::find_batch_operation({"batch", std::nullopt, std::nullopt}) == nullptr);
    CHECK(ops::find_batch_operation({"terminal/execute/stream", std::nullopt, std::nullopt}) == nullptr);
    CHECK(ops::find_batch_operation({"system/clipboard", "PUT", std::nullopt}) == nullptr);
}
