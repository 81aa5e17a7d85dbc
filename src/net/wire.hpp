// A socket as server and tunnel use it: with one flat buffer for what was read ahead, and limits of time.
#pragma once

#include <algorithm>
#include <boost/asio/generic/stream_protocol.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "async/task.hpp"
#include "core/fd.hpp"
#include "net/http.hpp"

namespace carrel::net {

/// Reading and writing may overlap; each by one task at a time. Both throw Error{unavailable} when the
/// other side breaks off or close() was called, Error{timeout} when a limit of time passed.
///
/// The limits act only when somebody calls check_time() now and then (the server does): one timer for all
/// connections costs nothing per request.
class Wire {
public:
    using Clock = std::chrono::steady_clock;

    Wire(async::Executor executor, core::Fd socket);

    /// What was read and not consumed yet. Valid until the next fill() or consume().
    std::string_view buffered() const { return {buffer_.get() + begin_, end_ - begin_}; }
    void consume(std::size_t count);
    /// Reads more behind what is buffered; 0 at the end. There must be room below `most` bytes.
    Task<std::size_t> fill(std::size_t most);
    /// Buffered bytes and what has come since, else waits for more; 0 at the end.
    Task<std::size_t> read(std::span<char> into);

    Task<> write(std::string_view bytes);
    /// Both in one call of the kernel while it takes them: the other side is not woken for a head alone.
    Task<> write(std::string_view first, std::string_view second);
    /// All bytes that the kernel has taken so far.
    std::uint64_t written() const { return written_; }

    void finish_writing();
    void close();
    bool is_open() const { return socket_.is_open(); }
    /// Whether somebody waits for the other side to send or to take something.
    bool is_waiting() const { return waiting_ > 0; }
    /// Whether the other side has ended its sending, and nothing of it is left to be read.
    bool has_ended() const;
    /// Whether a kept connection is fit for use: open, silent, not ended.
    bool is_fresh() const;

    /// Calls `told` once, when the other side has sent something that is not read yet, has ended or broken
    /// off; not if close() or check_time() comes first. `told` may be called after the Wire is gone. One at a
    /// time: another one while it waits is not taken.
    void watch(std::function<void()> told);
    /// When check_time() next has something to end.
    Clock::time_point deadline() const { return std::min(read_until_, write_until_); }

    void limit_reading(Clock::time_point until) { read_until_ = until; }
    void limit_reading(Clock::duration patience) { read_until_ = Clock::now() + patience; }
    void unlimit_reading() { read_until_ = Clock::time_point::max(); }
    /// How long a write may wait for the other side to take anything; zero: for ever.
    void set_write_patience(Clock::duration patience) { write_patience_ = patience; }
    /// Ends what waits longer than allowed.
    void check_time(Clock::time_point now);

private:
    Task<std::size_t> read_socket(std::span<char> into);
    std::size_t write_now(std::string_view first, std::string_view second, boost::system::error_code& error);
    Task<> wait_writable();
    void make_room(std::size_t most);
    [[noreturn]] void fail(const boost::system::error_code& error) const;

    int number_;
    boost::asio::generic::stream_protocol::socket socket_;
    std::unique_ptr<char[]> buffer_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::uint64_t written_ = 0;
    int waiting_ = 0;  ///< reads and writes that wait
    std::shared_ptr<bool> is_watched_ = std::make_shared<bool>(false);
    Clock::time_point read_until_ = Clock::time_point::max();
    Clock::time_point write_until_ = Clock::time_point::max();
    Clock::duration write_patience_{};
    bool is_late_ = false;
    bool is_closed_ = false;
};

/// The Wire as a Stream, beginning with what is buffered.
std::unique_ptr<Stream> make_stream(std::shared_ptr<Wire> wire);

}  // namespace carrel::net
