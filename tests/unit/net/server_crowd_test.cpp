// Many connections at once, and bodies in memory: who is served, and who gives way.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include "async/gate.hpp"
#include "core/error.hpp"
#include "net/limits/body_budget.hpp"
#include "net/status.hpp"
#include "tests/unit/net/harness.hpp"

using namespace carrel;
using namespace carrel::net;
using namespace carrel::net::test;

namespace {

/// /wait waits until the gate opens; /body collects one; /known is of somebody who may call.
class Crowded final : public Handler {
public:
    Task<Response> handle(Request& request) override {
        request.is_known = request.path != "/stranger";
        if (request.path == "/wait") {
            async::Gate gate{co_await boost::asio::this_coro::executor};
            ++waiting;
            request.may_be_dropped = true;
            co_await gate.wait();
        }
        if (request.path == "/body") {
            try {
                co_return text_response(
                    200, fmt::format("{} bytes", (co_await collect_body(request, 1 << 20)).size()));
            } catch (const core::Error& error) {
                co_return text_response(status_of(error), error.reason());
            }
        }
        co_return text_response(200, request.path);
    }
    int waiting = 0;
};

Task<std::unique_ptr<Stream>> ask_and_wait(Crowded& handler, async::Executor executor, std::uint16_t port) {
    const auto before = handler.waiting;
    auto stream = dial(executor, port);
    co_await stream->write(get("/wait", ""));
    while (handler.waiting == before) co_await async::yield_turn();
    co_return stream;
}

std::string post(std::size_t size) {
    return fmt::format("POST /body HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                       size);
}

}  // namespace

TEST_CASE(
    "one connection too many is told so while all others are at work, and what watches us is answered") {
    Crowded handler;
    const ServerLimits limits{.connections = 1, .is_always_answered = [](const Request& request) {
                                  return request.path == "/health";
                              }};
    with_server(handler, limits, [&handler](Server& server, async::Executor executor) -> Task<> {
        const auto busy = co_await ask_and_wait(handler, executor, server.port());
        const auto second = co_await exchange(executor, server.port(), get("/b", ""));
        CHECK(second.starts_with("HTTP/1.1 503"));
        CHECK(second.contains("Retry-After: 1"));
        CHECK((co_await exchange(executor, server.port(), get("/health"))).starts_with("HTTP/1.1 200"));
    });
}

TEST_CASE("an idle connection gives way to one that asks") {
    Crowded handler;
    with_server(handler, {.connections = 1}, [](Server& server, async::Executor executor) -> Task<> {
        const auto idle = dial(executor, server.port());
        co_await idle->write(get("/a", ""));
        co_await read_to(*idle, "/a");
        CHECK((co_await exchange(executor, server.port(), get("/b"))).ends_with("/b"));
        CHECK((co_await read_to(*idle, {})).empty());
    });
}

TEST_CASE("half heads end each other, and no connection of somebody who is known") {
    Crowded handler;
    const ServerLimits limits{.connections = 8, .strangers = 3};
    with_server(handler, limits, [](Server& server, async::Executor executor) -> Task<> {
        const auto known = dial(executor, server.port());
        co_await known->write(get("/a", ""));
        co_await read_to(*known, "/a");
        std::vector<std::unique_ptr<Stream>> halves;
        for (int i = 0; i < 40; ++i) {
            halves.push_back(dial(executor, server.port()));
            co_await halves.back()->write("GET / HT");
        }
        CHECK((co_await exchange(executor, server.port(), get("/b"))).ends_with("/b"));
        co_await known->write(get("/c", ""));
        CHECK((co_await read_to(*known, "/c")).starts_with("HTTP/1.1 200"));
        CHECK(server.connections() < 8);
        // Also one that was answered, but as a stranger, and a body that does not come.
        const auto slow = dial(executor, server.port());
        co_await slow->write("POST /stranger HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nx");
        co_await read_to(*slow, "/stranger");
        for (int i = 0; i < 8; ++i) {
            halves.push_back(dial(executor, server.port()));
            co_await halves.back()->write("GET / HT");
        }
        co_await read_to(*slow, {});
    });
}

TEST_CASE("bodies that do not end take a bounded memory, and small ones are read nevertheless") {
    Crowded handler;
    const ServerLimits limits{.collected_bytes = 3 << 20};
    with_server(handler, limits, [](Server& server, async::Executor executor) -> Task<> {
        std::vector<std::unique_ptr<Stream>> unfinished;
        std::string told;
        while (told.empty()) {
            REQUIRE(unfinished.size() < 20);
            unfinished.push_back(dial(executor, server.port()));
            co_await unfinished.back()->write(post(1 << 20) + std::string((1 << 20) - 1, 'x'));
            const auto asked =
                co_await exchange(executor, server.port(), post(600'000) + std::string(600'000, 'y'));
            if (asked.starts_with("HTTP/1.1 503")) told = asked;
        }
        CHECK(told.ends_with("too_many_bodies"));
        CHECK(unfinished.size() > 2);
        CHECK((co_await exchange(executor, server.port(), post(5000) + std::string(5000, 'z')))
                  .ends_with("5000 bytes"));
        unfinished.clear();
        std::string later;
        while (!later.ends_with("600000 bytes"))
            later = co_await exchange(executor, server.port(), post(600'000) + std::string(600'000, 'y'));
    });
}

TEST_CASE("a body whose length alone is too much is refused before any of it is read") {
    Crowded handler;
    with_server(handler, {}, [](Server& server, async::Executor executor) -> Task<> {
        CHECK((co_await exchange(executor, server.port(), post((1 << 20) + 1))).ends_with("too_large"));
    });
}

TEST_CASE("what a request holds of the memory for bodies comes back with its end") {
    BodyBudget budget{100};
    {
        BodyShare share{budget};
        share.hold(BodyShare::free_bytes);
        CHECK(budget.left() == 100);
        share.hold(BodyShare::free_bytes + 60);
        share.hold(BodyShare::free_bytes + 40);  // it does not shrink
        CHECK(budget.left() == 40);
        BodyShare other{budget};
        other.hold(BodyShare::free_bytes);
        CHECK_THROWS_AS(other.hold(BodyShare::free_bytes + 41), core::Error);
        CHECK(budget.left() == 40);
    }
    CHECK(budget.left() == 100);
}

TEST_CASE("one line end too many before a request is skipped, two are not") {
    Crowded handler;
    with_server(handler, {}, [](Server& server, async::Executor executor) -> Task<> {
        CHECK((co_await exchange(executor, server.port(), "\r\n" + get("/a"))).starts_with("HTTP/1.1 200"));
        CHECK(
            (co_await exchange(executor, server.port(), "\r\n\r\n" + get("/a"))).starts_with("HTTP/1.1 400"));
        CHECK((co_await exchange(executor, server.port(), "\r" + get("/a"))).starts_with("HTTP/1.1 400"));
        const auto stream = dial(executor, server.port());
        for (const char byte : "\r\n" + get("/a")) {
            co_await stream->write({&byte, 1});
            co_await async::yield_turn();
        }
        CHECK((co_await read_to(*stream, {})).ends_with("/a"));
    });
}

TEST_CASE("HTTP/1.0 knows no upgrade") {
    Answering handler{[](Request& request) -> Task<Response> {
        co_return text_response(200, request.headers.has("Upgrade") ? "upgrade" : "none");
    }};
    with_server(handler, {}, [](Server& server, async::Executor executor) -> Task<> {
        const std::string rest = "\r\nHost: h\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n";
        CHECK((co_await exchange(executor, server.port(), "GET / HTTP/1.0" + rest)).ends_with("none"));
        CHECK((co_await exchange(executor, server.port(), "GET / HTTP/1.1" + rest)).ends_with("upgrade"));
    });
}
