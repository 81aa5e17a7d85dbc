// A client at a terminal.
#include <array>

#include "core/error.hpp"
#include "desk/pty/control.hpp"
#include "desk/pty/ptys.hpp"
#include "json/parse.hpp"

namespace carrel::desk::pty {

namespace {

constexpr std::size_t piece_bytes = std::size_t{64} << 10;
/// Input that waits for a program which does not read; then the client waits, too.
constexpr std::size_t most_waiting = std::size_t{256} << 10;
constexpr std::uint16_t normal = 1000;

/// One client. Lives as long as serve().
class Client {
public:
    Client(async::Executor executor, Pty& pty, net::WebSocket& socket)
        : pty_{pty}, socket_{socket}, changed_{executor}, scope_{executor} {}

    Task<> serve();

private:
    bool has_control() const { return socket_.subprotocol() == pty_subprotocol; }
    Task<> tell(json::Object message) {
        const auto text = json::to_text(message);
        co_await socket_.send_text(text);
    }
    Task<> show();
    Task<> say_how_it_ended();
    Task<> type();
    Task<> hang_up_with_client();
    Task<> obey();
    Task<> obey_control(std::string_view text);
    Task<> take_input(std::string_view bytes);

    Pty& pty_;
    net::WebSocket& socket_;
    async::Gate changed_;
    std::string waiting_;  ///< input that the program has not taken yet
    bool is_over_ = false;
    async::Scope scope_;
};

/// Program to client, until the program ends; then how it ended.
Task<> Client::show() {
    const auto piece = std::make_unique<std::array<char, piece_bytes>>();
    try {
        while (const auto count = co_await pty_.read(*piece))
            co_await socket_.send_binary({piece->data(), count});
        co_await say_how_it_ended();
    } catch (const core::Error&) {
        // The client has gone.
    }
}

Task<> Client::say_how_it_ended() {
    const auto end = co_await pty_.end();
    if (has_control()) {
        json::Object message{{"type", "exit"}};
        processes::add_end(message, end);
        co_await tell(std::move(message));
    }
    co_await socket_.close(normal, "the program has ended: " + end.text());
}

/// Input to the program, at its own speed.
Task<> Client::type() {
    while (!is_over_) {
        while (waiting_.empty()) co_await changed_.wait();
        const auto bytes = std::exchange(waiting_, {});
        changed_.notify_all();
        is_over_ = !co_await pty_.write(bytes);
    }
    changed_.notify_all();
}

Task<> Client::hang_up_with_client() {
    co_await socket_.ended();
    is_over_ = true;
    pty_.hang_up();
    changed_.notify_all();
}

Task<> Client::take_input(std::string_view bytes) {
    while (waiting_.size() >= most_waiting && !is_over_) co_await changed_.wait();
    if (is_over_) co_return;
    waiting_ += bytes;
    changed_.notify_all();
}

Task<> Client::obey_control(std::string_view text) {
    const auto control = parse_control(text);
    if (!control) co_return co_await tell({{"type", "error"}, {"message", control.error().message()}});
    switch (control->kind) {
        case PtyControl::Kind::resize: pty_.resize(control->size); break;
        case PtyControl::Kind::signal: pty_.signal(control->signal); break;
        case PtyControl::Kind::eof: co_await take_input(pty_.end_of_input()); break;
        case PtyControl::Kind::pause: pty_.hold(true); break;
        case PtyControl::Kind::resume: pty_.hold(false); break;
    }
}

/// Client to program, until the client leaves.
Task<> Client::obey() {
    while (const auto message = co_await socket_.receive()) {
        if (message->is_text && has_control())
            co_await obey_control(message->data);
        else
            co_await take_input(message->data);
    }
}

Task<> Client::serve() {
    std::exception_ptr failure;
    try {
        if (has_control())
            co_await tell({{"type", "started"}, {"pty_id", pty_.id()}, {"pid", pty_.process()}});
        scope_.start("showing a terminal", show());
        scope_.start("typing into a terminal", type());
        scope_.start("waiting for a terminal's client to leave", hang_up_with_client());
        co_await obey();
    } catch (const core::Error&) {
        // The client has gone while we answered it.
    } catch (...) {
        failure = std::current_exception();
    }
    pty_.hang_up();
    co_await scope_.close();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

Task<> serve_pty(std::shared_ptr<Pty> pty, net::WebSocket& client) {
    Client served{co_await boost::asio::this_coro::executor, *pty, client};
    co_await served.serve();
}

}  // namespace carrel::desk::pty
