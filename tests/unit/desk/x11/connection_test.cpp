#include "desk/x11/connection.hpp"

#include <doctest/doctest.h>

#include <boost/asio/post.hpp>
#include <future>

#include "async/deadline.hpp"
#include "async/scope.hpp"
#include "tests/fakes/display.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using desk::x11::Connection;
using fakes::Display;

namespace {

/// A connection to a display that says what `test` lets it say; its loop waits for the display meanwhile.
template <class Test>
void with_connection(Test test) {
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        Display display;
        auto accepted = std::async(std::launch::async, [&] { display.accept(); });
        Connection connection{executor};
        accepted.get();
        async::Scope scope{executor};
        scope.start("the connection", connection.run());
        // Lets it begin to wait.
        co_await boost::asio::post(executor, boost::asio::use_awaitable);
        std::exception_ptr failure;
        try {
            co_await async::deadline(20s, "what is in the socket already", Task<>{test(display, connection)});
        } catch (...) {
            failure = std::current_exception();
        }
        co_await scope.close();
        if (failure) std::rethrow_exception(failure);
    });
}

unsigned ask(Connection& connection) { return xcb_get_input_focus(connection.raw()).sequence; }

Task<> await_answer(Connection& connection, unsigned sequence, bool& is_there) {
    co_await connection.answer<xcb_get_input_focus_reply_t>(sequence, "a test");
    is_there = true;
}

}  // namespace

TEST_CASE("an event that is read together with an answer is given out, though nothing comes after it") {
    with_connection([](Display& display, Connection& connection) -> Task<> {
        std::vector<int> kinds;
        connection.on_event([&](const auto& event) { kinds.push_back(event.response_type); });
        const auto asked = ask(connection);
        connection.flush();
        display.send(Display::event(XCB_MAP_NOTIFY, asked) + Display::reply(asked) +
                     Display::event(XCB_UNMAP_NOTIFY, asked));
        co_await connection.answer<xcb_get_input_focus_reply_t>(asked, "a test");
        co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
        CHECK(kinds == std::vector<int>{XCB_MAP_NOTIFY, XCB_UNMAP_NOTIFY});
    });
}

TEST_CASE("an answer that is read together with another's is not waited for any longer") {
    with_connection([](Display& display, Connection& connection) -> Task<> {
        const auto executor = co_await boost::asio::this_coro::executor;
        const auto first = ask(connection);
        const auto second = ask(connection);
        bool is_there = false;
        async::Scope scope{executor};
        scope.start("who waits for the second", await_answer(connection, second, is_there));
        co_await boost::asio::post(executor, boost::asio::use_awaitable);
        display.send(Display::reply(first) + Display::reply(second));
        co_await connection.answer<xcb_get_input_focus_reply_t>(first, "a test");
        for (int turn = 0; turn < 10 && !is_there; ++turn)
            co_await boost::asio::post(executor, boost::asio::use_awaitable);
        CHECK(is_there);
        co_await scope.close();
    });
}
