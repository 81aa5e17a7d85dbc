#include "async/both.hpp"

#include <doctest/doctest.h>

#include <future>
#include <stdexcept>
#include <string>

#include "async/gate.hpp"
#include "async/run_on.hpp"
#include "async/scope.hpp"
#include "core/error.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using async::Task;
using fakes::run_loop;

namespace {

Task<int> give_after_a_turn(int value) {
    co_await async::yield_turn();
    co_return value;
}

/// Waits until it is cancelled; what it throws then is the echo of another's failure.
Task<int> wait_and_echo(async::Gate& gate, bool& was_cancelled) {
    try {
        co_await gate.wait();
    } catch (...) {
        was_cancelled = true;
        throw core::Error{core::Code::unavailable, "the echo"};
    }
    co_return 0;
}

Task<> fail_after_a_turn(std::string message) {
    co_await async::yield_turn();
    throw core::Error{core::Code::conflict, std::move(message)};
}

Task<int> fail_at_once(std::string message) {
    throw core::Error{core::Code::conflict, std::move(message)};
    co_return 0;
}

Task<std::string> failure_of(Task<int> first, Task<> second) {
    try {
        co_await async::both(std::move(first), std::move(second));
    } catch (const core::Error& error) {
        co_return error.message();
    }
    co_return "";
}

}  // namespace

TEST_CASE("two tasks run at once, and the first one's result comes when both have ended") {
    run_loop([](async::Executor) -> Task<> {
        bool has_ended = false;
        const auto end_late = [](bool& ended) -> Task<> {
            for (int turn = 0; turn < 5; ++turn) co_await async::yield_turn();
            ended = true;
        };
        CHECK(co_await async::both(give_after_a_turn(7), end_late(has_ended)) == 7);
        CHECK(has_ended);
    });
}

TEST_CASE("of two failures the one that made the other fail is told, whichever side it was") {
    run_loop([](async::Executor executor) -> Task<> {
        async::Gate gate{executor};
        bool was_cancelled = false;
        CHECK(co_await failure_of(wait_and_echo(gate, was_cancelled), fail_after_a_turn("the cause")) ==
              "the cause");
        CHECK(was_cancelled);
        CHECK(co_await failure_of(fail_at_once("the cause"), fail_after_a_turn("later")) == "the cause");
        CHECK(co_await failure_of(give_after_a_turn(1), fail_after_a_turn("the cause")) == "the cause");
    });
}

TEST_CASE("work on a pool that fails after the other side is still waited for") {
    async::Pool pool{1};
    run_loop([&pool](async::Executor executor) -> Task<> {
        bool has_ended = false;
        std::promise<void> other_has_failed;
        const auto work = [&] {
            other_has_failed.get_future().wait();
            has_ended = true;
            throw core::Error{core::Code::exhausted, "later"};
        };
        // The other side has failed at its first turn, and that is known a turn or two after.
        const auto let_go = [](std::promise<void>& gate) -> Task<> {
            for (int turn = 0; turn < 20; ++turn) co_await async::yield_turn();
            gate.set_value();
        };
        async::Scope scope{executor};
        scope.start("letting the work go", let_go(other_has_failed));
        CHECK(co_await failure_of(fail_at_once("the cause"), async::run_on(pool, work)) == "the cause");
        CHECK(has_ended);
        co_await scope.close();
    });
    pool.join();
}

TEST_CASE("who is cancelled cancels both") {
    run_loop([](async::Executor executor) -> Task<> {
        async::Gate gate{executor};
        bool was_cancelled = false;
        const auto wait_for_both = [](async::Gate& shared, bool& cancelled) -> Task<> {
            const auto wait = [](async::Gate& one) -> Task<> { co_await one.wait(); };
            co_await async::both(wait_and_echo(shared, cancelled), wait(shared));
        };
        async::Job job{executor, "waiting for both", wait_for_both(gate, was_cancelled)};
        co_await async::yield_turn();
        co_await job.close();
        CHECK(was_cancelled);
    });
}
