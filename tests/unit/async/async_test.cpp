#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <thread>

#include "async/broadcast.hpp"
#include "async/deadline.hpp"
#include "async/idle_deadline.hpp"
#include "async/run_on.hpp"
#include "async/scope.hpp"
#include "core/error.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using fakes::run_loop;

namespace {

Task<int> give(int value) { co_return value; }
Task<int> refuse_work() {
    throw core::Error{core::Code::conflict, "busy"};
    co_return 0;
}
Task<int> never(async::Gate& gate, bool& has_ended) {
    struct Mark {
        bool& flag;
        ~Mark() { flag = true; }
    } mark{has_ended};
    co_await gate.wait();
    co_return 1;
}

}  // namespace

TEST_CASE("a deadline passes the result on, and the failure as it was") {
    run_loop([](async::Executor) -> Task<> {
        CHECK(co_await async::deadline(10s, "giving", give(7)) == 7);
        try {
            co_await async::deadline(10s, "refusing", refuse_work());
            FAIL("no throw");
        } catch (const core::Error& error) {
            CHECK(error.code() == core::Code::conflict);
        }
    });
}

TEST_CASE("a deadline that passes says what took so long, and the task has ended by then") {
    run_loop([](async::Executor executor) -> Task<> {
        async::Gate gate{executor};
        bool has_ended = false;
        try {
            co_await async::deadline(1ms, "waiting", never(gate, has_ended));
            FAIL("no throw");
        } catch (const core::Error& error) {
            CHECK(error.code() == core::Code::timeout);
            CHECK(error.message() == "waiting took longer than 1 ms");
        }
        CHECK(has_ended);
    });
}

TEST_CASE("a deadline from the last progress lets work of any length go on, and ends what stands still") {
    run_loop([](async::Executor executor) -> Task<> {
        async::Progress progress;
        const auto work = [](async::Progress& seen) -> Task<int> {
            const auto end = async::Progress::Clock::now() + 60ms;
            while (async::Progress::Clock::now() < end) {
                seen.note();
                co_await async::yield_turn();
            }
            co_return 7;
        };
        CHECK(co_await async::idle_deadline(20ms, "working", work(progress), progress) == 7);
        async::Gate gate{executor};
        bool has_ended = false;
        try {
            co_await async::idle_deadline(1ms, "waiting", never(gate, has_ended), progress);
            FAIL("no throw");
        } catch (const core::Error& error) {
            CHECK(error.message() == "waiting made no way for 1 ms");
        }
        CHECK(has_ended);
    });
}

TEST_CASE("closing a scope ends its tasks before it returns") {
    run_loop([](async::Executor executor) -> Task<> {
        async::Gate gate{executor};
        bool has_ended = false;
        async::Scope scope{executor};
        scope.start("wait", [](async::Gate& g, bool& e) -> Task<> { co_await never(g, e); }(gate, has_ended));
        scope.start("fail", []() -> Task<> { co_await refuse_work(); }());
        co_await async::yield_turn();
        CHECK_FALSE(has_ended);
        co_await scope.close();
        CHECK(has_ended);
        CHECK(scope.size() == 0);
    });
}

TEST_CASE("work on the pool runs on another thread and its result comes back to the loop") {
    async::Pool pool{1};
    run_loop([&](async::Executor) -> Task<> {
        const auto loop_thread = std::this_thread::get_id();
        const auto worker = co_await async::run_on(pool, [] { return std::this_thread::get_id(); });
        CHECK(worker != loop_thread);
        CHECK(std::this_thread::get_id() == loop_thread);
        try {
            co_await async::run_on(pool, [] { throw core::Error{core::Code::exhausted, "full"}; });
            FAIL("no throw");
        } catch (const core::Error& error) {
            CHECK(error.message() == "full");
        }
        CHECK(std::this_thread::get_id() == loop_thread);
    });
}

TEST_CASE("every follower gets every item, and one that falls behind is cut off alone") {
    run_loop([](async::Executor executor) -> Task<> {
        async::Broadcast<int> broadcast{executor, 2};
        auto quick = broadcast.follow();
        auto slow = broadcast.follow();
        for (int i = 0; i < 3; ++i) {
            broadcast.publish(i);
            CHECK((co_await quick.next()).value() == i);
        }
        CHECK_FALSE(co_await slow.next());
        CHECK(slow.is_overrun());
        broadcast.close();
        CHECK_FALSE(co_await quick.next());
        CHECK(quick.is_closed());
    });
}
