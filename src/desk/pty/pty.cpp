#include "desk/pty/pty.hpp"

#include <termios.h>
#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <csignal>

#include "async/scope.hpp"
#include "core/error.hpp"
#include "desk/processes/tree.hpp"

namespace carrel::desk::pty {

using boost::asio::posix::stream_descriptor;

namespace {

using namespace std::chrono_literals;

constexpr auto hang_up_patience = 2s;
constexpr auto closed_pause = 50ms;
/// What is read of a terminal whose program has ended: more than the kernel keeps for it. A background job
/// that prints on holds nobody up.
constexpr std::size_t most_after_end = std::size_t{1} << 20;

/// An interactive login shell, or one command.
spawn::ChildWish to_child(const PtyWish& wish) {
    spawn::ChildWish child{.program = wish.bash,
                           .words = {"-bash"},
                           .folder = wish.folder,
                           .environment = {"TERM=xterm-256color"}};
    if (!wish.command.empty()) child.words = {"bash", "-c", wish.command};
    return child;
}

}  // namespace

Pty::Pty(async::Executor executor, async::Pool& pool, std::string id, PtyWish wish)
    : pool_{pool},
      id_{std::move(id)},
      wish_{std::move(wish)},
      master_{executor},
      handle_{executor},
      changed_{executor} {
    auto ends = spawn::open_pty(wish_.size);
    const int slave = ends.slave.get();
    auto child = spawn::spawn_child(to_child(wish_), {slave, slave, slave, true});
    process_ = child.process;
    master_.assign(ends.master.release());
    handle_.assign(child.handle.release());
}

Task<std::size_t> Pty::read(std::span<char> into) {
    while (!is_hung_up_) {
        while (is_held_ && !is_hung_up_) co_await changed_.wait();
        std::size_t total = 0;
        bool is_closed = false;
        while (!is_hung_up_ && total < into.size() && read_since_end_ < most_after_end) {
            // A terminal gives a page at a time, however large the buffer is.
            const auto count = ::read(master_.native_handle(), into.data() + total, into.size() - total);
            if (count < 0 && errno == EINTR) continue;
            // EIO: nobody has the other side open any more. The program may still live, and open it again.
            is_closed = count == 0 || (count < 0 && errno != EAGAIN);
            if (count <= 0) break;
            total += static_cast<std::size_t>(count);
            if (end_) read_since_end_ += static_cast<std::size_t>(count);
        }
        if (total > 0 || end_) co_return total;
        if (is_closed) {
            // No event tells that it is open again: until then it is readable all the time, with nothing to
            // read.
            co_await changed_.wait_for(closed_pause);
            continue;
        }
        // Cancelled at the program's end.
        boost::system::error_code ignored;
        co_await master_.async_wait(stream_descriptor::wait_read,
                                    boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    co_return 0;
}

Task<bool> Pty::write(std::string_view bytes) {
    while (!bytes.empty()) {
        if (is_hung_up_ || end_) co_return false;
        const auto count = ::write(master_.native_handle(), bytes.data(), bytes.size());
        if (count >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(count));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) co_return false;
        boost::system::error_code ignored;
        co_await master_.async_wait(stream_descriptor::wait_write,
                                    boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    co_return true;
}

void Pty::hold(bool is_held) {
    is_held_ = is_held;
    changed_.notify_all();
}

void Pty::resize(spawn::PtySize size) {
    if (is_hung_up_) return;
    spawn::resize_pty(master_.native_handle(), size);
    wish_.size = size;
}

void Pty::signal(int number) {
    if (is_hung_up_ || end_) return;
    const pid_t group = ::tcgetpgrp(master_.native_handle());
    ::kill(-(group > 1 ? group : process_), number);
}

std::string Pty::end_of_input() const {
    termios settings{};
    if (is_hung_up_ || ::tcgetattr(const_cast<stream_descriptor&>(master_).native_handle(), &settings) != 0)
        return "\x04";
    return std::string(1, static_cast<char>(settings.c_cc[VEOF]));
}

void Pty::hang_up() {
    if (is_hung_up_) return;
    is_hung_up_ = true;
    boost::system::error_code ignored;
    master_.close(ignored);
    changed_.notify_all();
}

Task<processes::ChildEnd> Pty::end() {
    while (!end_) co_await changed_.wait();
    co_return *end_;
}

Task<> Pty::await_end() {
    end_ = co_await processes::await_child(handle_);
    boost::system::error_code ignored;
    if (!is_hung_up_) master_.cancel(ignored);
    changed_.notify_all();
}

Task<> Pty::live() {
    async::Job waiting{co_await boost::asio::this_coro::executor, "waiting for a program's end", await_end()};
    while (!is_hung_up_) co_await changed_.wait();
    // Also after the leader's own end: its background jobs are still there.
    co_await processes::end_session(pool_, process_, hang_up_patience);
    while (!end_) co_await changed_.wait();
    co_await waiting.close();
}

}  // namespace carrel::desk::pty
