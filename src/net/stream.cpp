#include "net/stream.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <chrono>

#include "async/both.hpp"
#include "async/gate.hpp"
#include "async/scope.hpp"
#include "core/error.hpp"
#include "core/sys.hpp"
#include "net/connect.hpp"
#include "net/wire.hpp"

namespace carrel::net {

namespace {

class WireStream final : public Stream {
public:
    explicit WireStream(std::shared_ptr<Wire> wire) : wire_{std::move(wire)} {}

    Task<std::size_t> read(std::span<char> into) override { return wire_->read(into); }
    Task<> write(std::string_view bytes) override { return wire_->write(bytes); }
    void finish_writing() override { wire_->finish_writing(); }
    void close() override { wire_->close(); }

private:
    std::shared_ptr<Wire> wire_;
};

sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        throw core::Error{core::Code::invalid, fmt::format("the socket's path {} is longer than {} bytes",
                                                           path, sizeof address.sun_path - 1)};
    path.copy(address.sun_path, path.size());
    return address;
}

/// Copies one direction; a failure ends both.
Task<> pump(Stream& from, Stream& to) {
    try {
        co_await copy(from, to);
        to.finish_writing();
    } catch (const core::Error&) {
        from.close();
        to.close();
    }
}

}  // namespace

std::unique_ptr<Stream> make_stream(std::shared_ptr<Wire> wire) {
    return std::make_unique<WireStream>(std::move(wire));
}

std::unique_ptr<Stream> make_stream(async::Executor executor, core::Fd socket) {
    return make_stream(std::make_shared<Wire>(std::move(executor), std::move(socket)));
}

Task<core::Fd> connect_socket(std::string path, std::chrono::milliseconds limit) {
    const auto address = unix_address(path);
    const auto end = std::chrono::steady_clock::now() + limit;
    core::Fd socket{
        core::checked("make a socket", ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))};
    while (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        // EAGAIN: the listener's queue is full. The kernel has no event for "there is room now", and
        // the socket looks writable meanwhile (unix(7), connect), so asking again is all there is.
        const bool is_full = errno == EAGAIN && std::chrono::steady_clock::now() < end;
        if (!is_full && errno != EINTR)
            throw core::Error{core::Code::unavailable,
                              fmt::format("cannot connect to {}: {}", path, core::describe_errno(errno))};
        if (is_full) co_await async::pause(std::chrono::milliseconds{2});
    }
    co_return socket;
}

Task<core::Fd> connect_loopback(std::uint16_t port) {
    using boost::asio::ip::tcp;
    tcp::socket socket{co_await boost::asio::this_coro::executor};
    boost::system::error_code error;
    co_await socket.async_connect({boost::asio::ip::address_v4::loopback(), port},
                                  boost::asio::redirect_error(boost::asio::use_awaitable, error));
    if (error == boost::asio::error::operation_aborted) throw boost::system::system_error{error};
    if (error)
        throw core::Error{core::Code::unavailable,
                          fmt::format("cannot connect to port {}: {}", port, error.message())};
    socket.set_option(tcp::no_delay{true}, error);
    co_return core::Fd{socket.release()};
}

Task<std::unique_ptr<Stream>> connect_unix(std::string path) {
    auto socket = co_await connect_socket(std::move(path), std::chrono::seconds{5});
    co_return make_stream(co_await boost::asio::this_coro::executor, std::move(socket));
}

Task<> relay(Stream& left, Stream& right) {
    co_await async::both(pump(left, right), pump(right, left));
    left.close();
    right.close();
}

Task<> relay(Stream& left, Stream& right, async::Duration farewell) {
    const auto executor = co_await boost::asio::this_coro::executor;
    async::Gate ended{executor};
    const auto pump_to_end = [&ended](Stream& from, Stream& to) -> Task<> {
        co_await pump(from, to);
        ended.notify_all();
    };
    const auto hang_up = [&]() -> Task<> {
        co_await ended.wait();
        co_await async::pause(farewell);
        left.close();
        right.close();
    };
    async::Job limit{executor, "hanging up", hang_up()};
    std::exception_ptr cancelled;
    try {
        co_await async::both(pump_to_end(left, right), pump_to_end(right, left));
    } catch (...) {
        cancelled = std::current_exception();
    }
    co_await limit.close();
    left.close();
    right.close();
    if (cancelled) std::rethrow_exception(cancelled);
}

}  // namespace carrel::net
