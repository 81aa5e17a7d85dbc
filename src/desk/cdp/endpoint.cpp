#include "desk/cdp/endpoint.hpp"

#include <fmt/format.h>

#include <array>

#include "async/deadline.hpp"
#include "net/answer.hpp"
#include "net/body.hpp"
#include "net/connect.hpp"
#include "net/websocket_client.hpp"

namespace carrel::desk::cdp {

namespace {

using core::Code;
using core::Error;
using namespace std::chrono_literals;

constexpr std::size_t message_bytes = 64uz << 20;
constexpr std::size_t list_bytes = 16uz << 20;
constexpr std::size_t head_bytes = 16uz * 1024;
constexpr auto answering_time = 5s;

Error bad_answer(std::string_view why) {
    return {Code::unavailable, fmt::format("what listens on port {} is no browser: {}", devtools_port, why),
            "bad_browser_answer"};
}

Error no_browser() {
    return {Code::unavailable, "no browser is open; browser/open_url opens one", "no_browser"};
}

std::string host() { return fmt::format("127.0.0.1:{}", devtools_port); }

class WebSocketTransport final : public CdpTransport {
public:
    explicit WebSocketTransport(std::unique_ptr<net::WebSocketClient> socket) : socket_{std::move(socket)} {}

    Task<std::optional<Received>> receive() override {
        auto message = co_await socket_->receive();
        if (!message) co_return std::nullopt;
        co_return Received{std::move(message->data), message->is_cut};
    }
    Task<> send(std::string_view text) override { return socket_->send_text(text); }
    void close() override { socket_->close(); }

private:
    std::unique_ptr<net::WebSocketClient> socket_;
};

Task<std::string> read_body(std::shared_ptr<net::Wire> wire, net::BodyFrame frame) {
    net::BodyReader reader{std::move(wire), frame};
    std::string body;
    std::array<char, 16 * 1024> piece{};
    while (const auto count = co_await reader.read(piece)) {
        if (body.size() + count > list_bytes) throw bad_answer("its answer is too large");
        body.append(piece.data(), count);
    }
    co_return body;
}

Task<json::Value> exchange(std::string path) {
    auto wire = co_await connect_devtools();
    co_await wire->write(fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", path, host()));
    const auto head = co_await net::read_answer(*wire, "GET", head_bytes);
    if (!head) throw no_browser();  // one that was just ending still took the connection
    if (head->status != 200) throw bad_answer("it does not answer " + path);
    auto value = json::parse(co_await read_body(wire, head->body));
    if (!value) throw bad_answer(value.error().message());
    co_return std::move(*value);
}

}  // namespace

std::string devtools_flag() { return fmt::format("--remote-debugging-port={}", devtools_port); }

Task<std::shared_ptr<net::Wire>> connect_devtools() {
    try {
        auto socket = co_await net::connect_loopback(devtools_port);
        co_return std::make_shared<net::Wire>(co_await boost::asio::this_coro::executor, std::move(socket));
    } catch (const Error&) {
        throw no_browser();
    }
}

Task<json::Value> get_devtools(std::string path) {
    try {
        co_return co_await async::deadline(answering_time, "the browser's answer", exchange(path));
    } catch (const Error& error) {
        if (error.code() != Code::timeout) throw;
        throw Error{Code::timeout, "the browser is open but does not answer: it hangs", "browser_hung"};
    }
}

core::Expected<std::string> parse_browser_path(const json::Value& version) {
    const auto url = json::text_or(version, "webSocketDebuggerUrl");
    const auto place = url.find("/devtools/browser/");
    const auto path = place == url.npos ? std::string_view{} : url.substr(place);
    const auto id = path.substr(path.rfind('/') + 1);
    if (id.empty() || id.size() > 64 || id.find_first_not_of("0123456789abcdefABCDEF-") != id.npos)
        return core::refuse("its /json/version names no WebSocket");
    return std::string{path};
}

std::vector<std::string> read_target_order(const json::Value& list) {
    std::vector<std::string> ids;
    if (const auto* targets = list.if_array())
        for (const auto& target : *targets) ids.emplace_back(json::text_or(target, "id"));
    return ids;
}

Task<std::unique_ptr<CdpTransport>> connect_browser() {
    const auto path = parse_browser_path(co_await get_devtools("/json/version"));
    if (!path) throw bad_answer(path.error().message());
    auto wire = co_await connect_devtools();
    co_return std::make_unique<WebSocketTransport>(
        co_await net::WebSocketClient::open(std::move(wire), host(), *path, message_bytes));
}

Task<std::vector<std::string>> find_target_order() {
    co_return read_target_order(co_await get_devtools("/json/list"));
}

}  // namespace carrel::desk::cdp
