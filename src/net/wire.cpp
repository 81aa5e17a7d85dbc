#include "net/wire.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/system/system_error.hpp>
#include <cstring>
#include <utility>

#include "core/error.hpp"
#include "core/sys.hpp"

namespace carrel::net {

namespace {

constexpr std::size_t first_capacity = 8uz * 1024;

using Protocol = boost::asio::generic::stream_protocol;

/// Counts who waits, as long as it does.
class Waiting {
public:
    explicit Waiting(int& count) : count_{count} { ++count_; }
    ~Waiting() { --count_; }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

private:
    int& count_;
};

Protocol protocol_of(const core::Fd& socket) {
    int family = 0;
    socklen_t size = sizeof family;
    core::checked("getsockopt SO_DOMAIN", getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &family, &size));
    return Protocol{family, 0};
}

}  // namespace

Wire::Wire(async::Executor executor, core::Fd socket)
    : number_{socket.get()}, socket_{std::move(executor), protocol_of(socket), socket.get()} {
    // The descriptor is Asio's from here on.
    socket.release();
    socket_.non_blocking(true);
}

void Wire::consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
}

void Wire::make_room(std::size_t most) {
    if (end_ < capacity_) return;
    if (begin_ > 0) {
        std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
        return;
    }
    const auto larger = std::min(most, std::max(first_capacity, capacity_ * 2));
    auto grown = std::make_unique_for_overwrite<char[]>(larger);
    if (end_ > 0) std::memcpy(grown.get(), buffer_.get(), end_);
    buffer_ = std::move(grown);
    capacity_ = larger;
}

Task<std::size_t> Wire::fill(std::size_t most) {
    make_room(most);
    const auto count = co_await read_socket({buffer_.get() + end_, capacity_ - end_});
    end_ += count;
    co_return count;
}

Task<std::size_t> Wire::read(std::span<char> into) {
    if (begin_ == end_) co_return co_await read_socket(into);
    auto count = std::min(into.size(), end_ - begin_);
    std::memcpy(into.data(), buffer_.get() + begin_, count);
    consume(count);
    // What has come since goes along: one piece less to be passed on. A failure is met by the next read.
    boost::system::error_code ignored;
    if (count < into.size())
        count += socket_.read_some(boost::asio::buffer(into.data() + count, into.size() - count), ignored);
    co_return count;
}

Task<std::size_t> Wire::read_socket(std::span<char> into) {
    is_late_ = false;
    boost::system::error_code error;
    const Waiting waiting{waiting_};
    const auto count =
        co_await socket_.async_read_some(boost::asio::buffer(into.data(), into.size()),
                                         boost::asio::redirect_error(boost::asio::use_awaitable, error));
    if (error == boost::asio::error::eof) co_return 0;
    if (error) fail(error);
    co_return count;
}

Task<> Wire::write(std::string_view bytes) { return write(bytes, {}); }

Task<> Wire::write(std::string_view first, std::string_view second) {
    while (!first.empty() || !second.empty()) {
        if (is_closed_) fail(boost::asio::error::operation_aborted);
        // Nearly always the kernel takes all at once, and no turn of the loop is needed.
        boost::system::error_code error;
        const auto count = write_now(first, second, error);
        written_ += count;
        const auto of_first = std::min(count, first.size());
        first.remove_prefix(of_first);
        second.remove_prefix(count - of_first);
        if (error == boost::asio::error::would_block)
            co_await wait_writable();
        else if (error)
            fail(error);
    }
}

std::size_t Wire::write_now(std::string_view first, std::string_view second,
                            boost::system::error_code& error) {
    const std::array parts{boost::asio::buffer(first.data(), first.size()),
                           boost::asio::buffer(second.data(), second.size())};
    if (first.empty()) return socket_.write_some(parts[1], error);
    if (second.empty()) return socket_.write_some(parts[0], error);
    return socket_.write_some(parts, error);
}

Task<> Wire::wait_writable() {
    is_late_ = false;
    if (write_patience_ > Clock::duration::zero()) write_until_ = Clock::now() + write_patience_;
    boost::system::error_code error;
    const Waiting waiting{waiting_};
    co_await socket_.async_wait(boost::asio::socket_base::wait_write,
                                boost::asio::redirect_error(boost::asio::use_awaitable, error));
    write_until_ = Clock::time_point::max();
    if (error) fail(error);
}

void Wire::finish_writing() {
    boost::system::error_code ignored;  // the other side may have gone: reading tells
    socket_.shutdown(boost::asio::socket_base::shutdown_send, ignored);
}

void Wire::close() {
    is_closed_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
}

bool Wire::has_ended() const {
    char byte = 0;
    if (!is_open() || begin_ != end_) return !is_open();
    const auto count = recv(number_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
}

bool Wire::is_fresh() const {
    char byte = 0;
    if (!is_open() || begin_ != end_) return false;
    const auto count = recv(number_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && errno == EAGAIN;
}

void Wire::watch(std::function<void()> told) {
    if (!is_open() || std::exchange(*is_watched_, true)) return;
    socket_.async_wait(boost::asio::socket_base::wait_read,
                       [flag = is_watched_, told = std::move(told)](const boost::system::error_code& error) {
                           *flag = false;
                           if (!error) told();
                       });
}

void Wire::check_time(Clock::time_point now) {
    if (now < read_until_ && now < write_until_) return;
    is_late_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

void Wire::fail(const boost::system::error_code& error) const {
    using core::Code;
    if (error != boost::asio::error::operation_aborted)
        throw core::Error{Code::unavailable, "the other side broke off the connection"};
    if (is_late_) throw core::Error{Code::timeout, "the other side was silent for too long"};
    if (is_closed_) throw core::Error{Code::unavailable, "the connection is closed"};
    throw boost::system::system_error{error};  // the waiting task was cancelled
}

}  // namespace carrel::net
