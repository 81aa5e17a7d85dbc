#include "api/upgrading.hpp"

#include <fmt/format.h>

#include <chrono>

#include "core/error.hpp"
#include "net/stream.hpp"
#include "net/websocket_handshake.hpp"

namespace carrel::api {

namespace {

using async::Task;
using namespace std::chrono_literals;

/// How long one side may go on after the other has ended: enough for the last frames of a goodbye.
constexpr auto farewell_time = 5s;

core::Error bad_acceptance(std::string_view why) {
    return {core::Code::unavailable, fmt::format("the desk answered a WebSocket handshake wrongly: {}", why),
            "bad_desk_answer"};
}

/// Owns both ends as long as bytes flow.
Task<> connect_both(std::unique_ptr<net::Stream> client, std::shared_ptr<net::Stream> inside,
                    std::shared_ptr<net::Handler>) {
    co_await net::relay(*client, *inside, farewell_time);
}

}  // namespace

net::Response accept_upgrade(const net::Request& inner, net::Response from_desk,
                             std::shared_ptr<net::Handler> desk) {
    std::shared_ptr<net::Stream> inside = from_desk.take_connection();
    if (!inside) throw bad_acceptance("it changes to nothing");
    const auto subprotocol = net::judge_acceptance(inner.headers, from_desk.headers);
    if (!subprotocol) throw bad_acceptance(subprotocol.error().message());
    return net::upgrade_response(
        net::acceptance_headers(inner, *subprotocol),
        [inside = std::move(inside), desk = std::move(desk)](std::unique_ptr<net::Stream> client) {
            return connect_both(std::move(client), inside, desk);
        });
}

}  // namespace carrel::api
