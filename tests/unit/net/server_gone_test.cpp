// What the server does for clients that have gone away.
#include <doctest/doctest.h>

#include "async/gate.hpp"
#include "tests/unit/net/harness.hpp"

using namespace carrel;
using namespace carrel::net;
using namespace carrel::net::test;

namespace {

/// Waits until it is cancelled, and says so.
class Endless final : public Source {
public:
    Endless(async::Executor executor, bool& was_cancelled) : gate_{executor}, was_cancelled_{was_cancelled} {}

    Task<std::size_t> read(std::span<char>) override {
        struct Mark {
            bool& flag;
            ~Mark() { flag = true; }
        } mark{was_cancelled_};
        for (;;) co_await gate_.wait();
    }

private:
    async::Gate gate_;
    bool& was_cancelled_;
};

}  // namespace

TEST_CASE("a stream whose client has gone away is cancelled, and so is everything when the server ends") {
    bool was_cancelled = false;
    std::optional<async::Executor> loop;
    Answering handler{[&](Request&) -> Task<Response> {
        co_return streamed(std::make_unique<Endless>(*loop, was_cancelled));
    }};
    with_server(handler, {.header_time = 20ms}, [&](Server& server, async::Executor executor) -> Task<> {
        loop = executor;
        auto stream = dial(executor, server.port());
        co_await stream->write(get("/"));
        CHECK((co_await read_to(*stream, "\r\n\r\n")).contains("chunked"));
        stream->close();
        while (!was_cancelled) co_await async::pause(1ms);
        while (server.connections() > 0) co_await async::pause(1ms);

        was_cancelled = false;
        const auto other = dial(executor, server.port());
        co_await other->write(get("/"));
        co_await read_to(*other, "\r\n\r\n");
    });
    CHECK(was_cancelled);
}

TEST_CASE("a handler that only waits is cancelled when its client goes away, and another one is not") {
    bool was_cancelled = false;
    bool has_ended = false;
    std::optional<async::Executor> loop;
    Answering handler{[&](Request& request) -> Task<Response> {
        Endless waiting{*loop, was_cancelled};
        request.may_be_dropped = request.path == "/look";
        if (request.may_be_dropped) co_await waiting.read({});
        // Longer than the server takes to see that nobody is there.
        co_await async::pause(100ms);
        has_ended = true;
        co_return text_response(200, "done");
    }};
    with_server(handler, {.header_time = 20ms}, [&](Server& server, async::Executor executor) -> Task<> {
        loop = executor;
        for (const auto* path : {"/look", "/act"}) {
            auto stream = dial(executor, server.port());
            co_await stream->write(get(path));
            while (server.connections() == 0) co_await async::pause(1ms);
            stream->close();
            while (server.connections() > 0) co_await async::pause(1ms);
            CHECK(was_cancelled);
            CHECK(has_ended == (std::string_view{path} == "/act"));
        }
    });
}
