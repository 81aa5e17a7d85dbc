#include "api/upgrading.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include "core/sys.hpp"
#include "net/stream.hpp"
#include "net/websocket_frames.hpp"
#include "net/websocket_handshake.hpp"
#include "tests/unit/net/harness.hpp"

using namespace carrel;
using async::Task;
using net::test::make_ends;
using net::test::read_to;

namespace {

struct NoDesk final : net::Handler {
    Task<net::Response> handle(net::Request&) override { co_return net::Response{}; }
};

net::Request handshake() {
    net::Request request;
    request.headers = {{"Upgrade", "websocket"},
                       {"Connection", "Upgrade"},
                       {"Sec-WebSocket-Version", "13"},
                       {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                       {"Sec-WebSocket-Protocol", "carrel.pty.v1"}};
    return request;
}

net::Response accepting(std::unique_ptr<net::Stream> stream) {
    auto headers = net::acceptance_headers(handshake(), "carrel.pty.v1");
    headers.add("Set-Cookie", "carrel_login=stolen");
    return {.status = 101, .headers = std::move(headers), .body = std::move(stream)};
}

}  // namespace

TEST_CASE("a desk's WebSocket reaches the client, and nothing else of its answer") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        auto desk = make_ends(executor);
        auto client = make_ends(executor);
        auto way = std::make_shared<NoDesk>();
        auto response = api::accept_upgrade(handshake(), accepting(std::move(desk.ours)), way);
        CHECK(response.status == 101);
        CHECK(response.headers.size() == 3);
        CHECK(response.headers.find("Sec-WebSocket-Protocol") == "carrel.pty.v1");
        CHECK(response.headers.find("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        CHECK(way.use_count() == 2);

        async::Job job{executor, "a client", std::get<net::Upgrade>(response.body)(std::move(client.ours))};
        co_await client.theirs->write("frames");
        CHECK(co_await read_to(*desk.theirs, "frames") == "frames");
        co_await desk.theirs->write("and back");
        CHECK(co_await read_to(*client.theirs, "back") == "and back");
        // The desk is deleted: the client hears of it, and its own end ends all.
        desk.theirs->close();
        CHECK(co_await read_to(*client.theirs, {}) == "");
        client.theirs->close();
        co_await job.close();
        response = {};
        CHECK(way.use_count() == 1);
    });
}

TEST_CASE("a desk that accepts what was not asked for is a bad desk") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        auto way = std::make_shared<NoDesk>();
        const auto refuses = [&](net::Response answer) {
            try {
                api::accept_upgrade(handshake(), std::move(answer), way);
            } catch (const core::Error& error) {
                return error.reason() == "bad_desk_answer";
            }
            return false;
        };
        CHECK(refuses(accepting(nullptr)));
        auto wrong_key = accepting(make_ends(executor).ours);
        wrong_key.headers.set("Sec-WebSocket-Accept", net::make_accept_key("AAAAAAAAAAAAAAAAAAAAAA=="));
        CHECK(refuses(std::move(wrong_key)));
        auto wrong_protocol = accepting(make_ends(executor).ours);
        wrong_protocol.headers.set("Sec-WebSocket-Protocol", "binary");
        CHECK(refuses(std::move(wrong_protocol)));
        auto wrong_upgrade = accepting(make_ends(executor).ours);
        wrong_upgrade.headers.set("Upgrade", "carrel-stream");
        CHECK(refuses(std::move(wrong_upgrade)));
        auto extended = accepting(make_ends(executor).ours);
        extended.headers.add("Sec-WebSocket-Extensions", "permessage-deflate");
        CHECK(refuses(std::move(extended)));
        co_return;
    });
}
