#include "agent/watched.hpp"

#include <doctest/doctest.h>

#include "async/gate.hpp"
#include "async/scope.hpp"
#include "tests/fakes/fake_agent.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using namespace carrel::agent;
using Outcome = EndedCall::Outcome;

namespace {

struct Hall {
    fakes::FakeModel* model = nullptr;
    std::vector<EndedCall> calls;
    std::unique_ptr<Model> watched_model;
    fakes::FakeSink sink;

    Hall() {
        auto owned = std::make_unique<fakes::FakeModel>();
        model = owned.get();
        watched_model = watched(std::move(owned), [this](const EndedCall& call) { calls.push_back(call); });
    }
    Task<> ask() { co_await watched_model->answer({}, sink); }
};

}  // namespace

TEST_CASE("an answer is told with its tokens, and comes through as it is") {
    Hall hall;
    hall.model->add(
        {.blocks = {}, .stop_reason = "end_turn", .usage = {.input_tokens = 7, .output_tokens = 2}});
    hall.model->most = 12;
    fakes::run_loop([&](async::Executor) -> Task<> { co_await hall.ask(); });
    REQUIRE(hall.calls.size() == 1);
    CHECK(hall.calls[0].outcome == Outcome::answered);
    CHECK(hall.calls[0].usage == Usage{.input_tokens = 7, .output_tokens = 2});
    CHECK(hall.watched_model->most_pictures() == 12);
    CHECK(hall.watched_model->picture_size({3, 4}) == Size{3, 4});
}

TEST_CASE("a failure is told and thrown on, with its reason") {
    Hall hall;
    hall.model->replies.push_back([](Question, Progress&) -> Task<Answer> {
        throw core::Error{core::Code::unavailable, "no", "overloaded_error"};
        co_return Answer{};
    });
    fakes::run_loop([&](async::Executor) -> Task<> {
        try {
            co_await hall.ask();
            FAIL("it answered");
        } catch (const core::Error& error) {
            CHECK(error.reason() == "overloaded_error");
        }
    });
    REQUIRE(hall.calls.size() == 1);
    CHECK(hall.calls[0].outcome == Outcome::failed);
}

TEST_CASE("a call that is cancelled is told as such") {
    Hall hall;
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        async::Gate never{executor};
        async::Gate asked{executor};
        bool is_asked = false;
        hall.model->replies.push_back([&](Question, Progress&) -> Task<Answer> {
            is_asked = true;
            asked.notify_all();
            while (true) co_await never.wait();
        });
        async::Scope scope{executor};
        scope.start("a call", hall.ask());
        while (!is_asked) co_await asked.wait();
        co_await scope.close();
    });
    REQUIRE(hall.calls.size() == 1);
    CHECK(hall.calls[0].outcome == Outcome::cancelled);
    CHECK(name_of(hall.calls[0].outcome) == "cancelled");
}
