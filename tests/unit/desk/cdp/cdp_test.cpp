#include "desk/cdp/cdp.hpp"

#include <doctest/doctest.h>

#include "async/all.hpp"
#include "tests/fakes/fake_browser.hpp"
#include "tests/fakes/reason_of.hpp"

using namespace carrel;
using namespace carrel::desk;
using namespace carrel::desk::cdp;
using fakes::FakeBrowser;
using fakes::reason_of;
using fakes::with_cdp;
using namespace std::chrono_literals;

TEST_CASE("the first call connects, the others share the connection") {
    with_cdp([](FakeBrowser& browser, Cdp& cdp) -> async::Task<> {
        browser.on("A.b", json::Object{{"x", 1}});
        CHECK(!cdp.is_connected());
        CHECK(json::to_text(co_await cdp.call({}, "A.b")) == R"({"x":1})");
        co_await cdp.call("S", "A.b", {{"p", 2}});
        CHECK(browser.connections == 1);
        REQUIRE(browser.calls.size() == 2);
        CHECK(browser.calls[1].session == "S");
        CHECK(json::to_text(browser.calls[1].params) == R"({"p":2})");
        CHECK(browser.calls[0].id != browser.calls[1].id);
    });
}

TEST_CASE("answers find their calls in whatever order they come") {
    with_cdp([](FakeBrowser& browser, Cdp& cdp) -> async::Task<> {
        std::vector<std::string> results(3);
        browser.on("A.slow", [](const FakeBrowser::Call&) { return std::nullopt; });
        const auto ask = [&](std::size_t i) -> async::Task<> {
            results[i] = json::to_text(co_await cdp.call({}, "A.slow", {{"i", i}}));
        };
        const auto turn_round = [&]() -> async::Task<> {
            std::vector<FakeBrowser::Call> calls;
            for (int i = 0; i < 3; ++i) calls.push_back(co_await browser.next("A.slow"));
            for (auto call = calls.rbegin(); call != calls.rend(); ++call)
                browser.answer(call->id, call->params);
            browser.answer(999, json::Object{});  // of nobody
        };
        std::vector<async::Task<>> tasks;
        for (std::size_t i = 0; i < 3; ++i) tasks.push_back(ask(i));
        tasks.push_back(turn_round());
        co_await async::all("asking", std::move(tasks));
        CHECK(results == std::vector<std::string>{R"({"i":0})", R"({"i":1})", R"({"i":2})"});
    });
}

TEST_CASE("the browser's refusal is told in its words") {
    with_cdp([](FakeBrowser& browser, Cdp& cdp) -> async::Task<> {
        browser.on("A.b", [](const FakeBrowser::Call&) -> std::optional<json::Value> {
            throw core::Error{core::Code::invalid, "no such node"};
        });
        std::string said;
        try {
            co_await cdp.call({}, "A.b");
        } catch (const core::Error& error) {
            said = error.reason() + ": " + error.message();
        }
        CHECK(said == "cdp_refused: A.b: no such node");
    });
}

TEST_CASE("a browser that does not answer ends the call in time, and is asked again on the same connection") {
    with_cdp([](FakeBrowser& browser, Cdp& cdp) -> async::Task<> {
        browser.on("A.never", [](const FakeBrowser::Call&) { return std::nullopt; });
        CHECK(co_await reason_of(cdp.call({}, "A.never", {}, 20ms)) == "browser_hung");
        CHECK(co_await reason_of(cdp.call("S", "A.never", {}, 20ms)) == "cdp_timeout");
        browser.answer(1, json::Object{});  // too late: nobody waits
        co_await cdp.call({}, "A.b");
        CHECK(browser.connections == 1);
    });
}

TEST_CASE("many that ask a browser that hangs share one wait for it, and the next one tries again") {
    with_cdp(
        [](FakeBrowser& browser, Cdp& cdp) -> async::Task<> {
            browser.does_not_accept = true;
            std::vector<async::Task<>> tasks;
            int hung = 0;
            const auto ask = [&]() -> async::Task<> {
                hung += co_await reason_of(cdp.call({}, "A.b")) == "browser_hung";
            };
            for (int i = 0; i < 5; ++i) tasks.push_back(ask());
            co_await async::all("all", std::move(tasks));
            CHECK(hung == 5);
            CHECK(browser.connections == 1);
            browser.does_not_accept = false;
            CHECK(co_await reason_of(cdp.call({}, "A.b")) == "");
            CHECK(browser.connections == 2);
        },
        {.connect_time = 20ms});
}

TEST_CASE("a browser that ends fails the calls that wait; the next one connects anew") {
    with_cdp([](FakeBrowser& browser, Cdp& cdp) -> async::Task<> {
        int ended = 0;
        const auto end = cdp.subscribe_to_end([&] { ++ended; });
        browser.on("A.never", [](const FakeBrowser::Call&) { return std::nullopt; });
        std::string reason;
        std::vector<async::Task<>> tasks;
        const auto ask = [&]() -> async::Task<> { reason = co_await reason_of(cdp.call({}, "A.never")); };
        const auto kill = [&]() -> async::Task<> {
            co_await browser.next("A.never");
            browser.end();
        };
        tasks.push_back(ask());
        tasks.push_back(kill());
        co_await async::all("asking", std::move(tasks));
        CHECK(reason == "browser_gone");
        CHECK(ended == 1);
        CHECK(!cdp.is_connected());
        CHECK(co_await reason_of(cdp.call({}, "A.b")) == "no_browser");
        browser.is_running = true;
        CHECK(co_await reason_of(cdp.call({}, "A.b")) == "");
        CHECK(browser.connections == 2);
    });
}

TEST_CASE("events are told in order, before the answer that comes after them, until nobody listens") {
    with_cdp([](FakeBrowser& browser, Cdp& cdp) -> async::Task<> {
        std::vector<std::string> heard;
        {
            const auto events =
                cdp.subscribe([&](const CdpEvent& event) { heard.push_back(event.method + event.session); });
            browser.on("A.b", [&](const FakeBrowser::Call&) -> std::optional<json::Value> {
                browser.emit("E.one", {}, "S");
                browser.emit("E.two");
                return json::Object{};
            });
            co_await cdp.call({}, "A.b");
            CHECK(heard == std::vector<std::string>{"E.oneS", "E.two"});
        }
        co_await cdp.call({}, "A.b");
        CHECK(heard.size() == 2);
    });
}

TEST_CASE("large messages are parsed beside the loop and keep their place") {
    with_cdp(
        [](FakeBrowser& browser, Cdp& cdp) -> async::Task<> {
            std::vector<std::string> heard;
            const auto events = cdp.subscribe([&](const CdpEvent& event) { heard.push_back(event.method); });
            browser.on("A.b", [&](const FakeBrowser::Call&) -> std::optional<json::Value> {
                browser.emit("E.large", {{"data", std::string(5000, 'x')}});
                browser.emit("E.small");
                return json::Object{{"data", std::string(5000, 'y')}};
            });
            const auto answer = co_await cdp.call({}, "A.b");
            CHECK(json::text_or(answer, "data").size() == 5000);
            CHECK(heard == std::vector<std::string>{"E.large", "E.small"});
        },
        {.pool_bytes = 1000});
}

TEST_CASE("an answer that is too large fails its own call only") {
    with_cdp([](FakeBrowser& browser, Cdp& cdp) -> async::Task<> {
        browser.on("A.huge", [&](const FakeBrowser::Call& call) -> std::optional<json::Value> {
            browser.say(R"({"id":)" + std::to_string(call.id) + R"(,"result":{"data":"xxx)", true);
            browser.say(R"({"method":"E.huge","params":{"data":"xxx)", true);
            return std::nullopt;
        });
        CHECK(co_await reason_of(cdp.call({}, "A.huge")) == "cdp_too_large");
        CHECK(co_await reason_of(cdp.call({}, "A.b")) == "");
        CHECK(browser.connections == 1);
    });
}

TEST_CASE("more than the browser may be sent at once is refused") {
    with_cdp(
        [](FakeBrowser&, Cdp& cdp) -> async::Task<> {
            CHECK(co_await reason_of(cdp.call({}, "A.b", {{"data", std::string(2000, 'x')}})) ==
                  "cdp_too_large");
            CHECK(co_await reason_of(cdp.call({}, "A.b", {{"data", std::string(500, 'x')}})) == "");
        },
        {.waiting_bytes = 1000});
}

TEST_CASE("a browser that talks nonsense is left") {
    with_cdp([](FakeBrowser& browser, Cdp& cdp) -> async::Task<> {
        browser.on("A.b", [&](const FakeBrowser::Call&) -> std::optional<json::Value> {
            browser.say("this is no JSON");
            return std::nullopt;
        });
        CHECK(co_await reason_of(cdp.call({}, "A.b")) == "browser_gone");
        CHECK(!cdp.is_connected());
    });
}

TEST_CASE("the calls of one session can be ended") {
    with_cdp([](FakeBrowser& browser, Cdp& cdp) -> async::Task<> {
        browser.on("A.never", [](const FakeBrowser::Call&) { return std::nullopt; });
        std::string one, other;
        std::vector<async::Task<>> tasks;
        const auto ask = [&](std::string session, std::string& reason) -> async::Task<> {
            reason = co_await reason_of(cdp.call(session, "A.never", {}, 5s));
        };
        const auto stop = [&]() -> async::Task<> {
            const auto first = co_await browser.next("A.never");
            const auto second = co_await browser.next("A.never");
            cdp.fail_session("one", {core::Code::conflict, "a dialog", "dialog_open"});
            browser.answer(first.session == "one" ? second.id : first.id, json::Object{});
        };
        tasks.push_back(ask("one", one));
        tasks.push_back(ask("other", other));
        tasks.push_back(stop());
        co_await async::all("asking", std::move(tasks));
        CHECK(one == "dialog_open");
        CHECK(other == "");
    });
}

TEST_CASE("a browser that ends as soon as it is connected to is told, and tried again by the next call") {
    with_cdp([](FakeBrowser& browser, Cdp& cdp) -> async::Task<> {
        browser.hangs_up_at_once = true;
        CHECK(co_await reason_of(cdp.call({}, "A.b")) == "browser_gone");
        CHECK(!cdp.is_connected());
        browser.hangs_up_at_once = false;
        CHECK(co_await reason_of(cdp.call({}, "A.b")) == "");
        CHECK(browser.connections == 2);
    });
}

TEST_CASE("a connection that nobody uses is ended") {
    with_cdp(
        [](FakeBrowser&, Cdp& cdp) -> async::Task<> {
            async::Gate ended{co_await boost::asio::this_coro::executor};
            const auto end = cdp.subscribe_to_end([&] { ended.notify_all(); });
            co_await cdp.call({}, "A.b");
            CHECK(cdp.is_connected());
            CHECK(co_await ended.wait_for(10s));
            CHECK(!cdp.is_connected());
        },
        {.idle_time = 300ms});
}
