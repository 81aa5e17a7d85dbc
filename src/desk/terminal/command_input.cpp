// A command's standard input, written piece by piece while it runs.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <utility>

#include "core/error.hpp"
#include "desk/terminal/terminal.hpp"

namespace carrel::desk::terminal {

using core::Code;
using core::Error;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// A shell opens its side within milliseconds of its command's turn; no event says when.
constexpr milliseconds first_pause{1};
constexpr milliseconds longest_pause{50};

struct Writing {
    explicit Writing(std::shared_ptr<Run> taken) : run{std::move(taken)} {
        run->input.is_being_written = true;
    }
    ~Writing() {
        run->input.is_being_written = false;
        run->changed.notify_all();
    }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;
    std::shared_ptr<Run> run;
};

void close_input(CommandInput& input) {
    input.pipe.reset();
    input.is_at_end = true;
}

}  // namespace

std::shared_ptr<Run> Terminal::get_input(const std::string& input_id) const {
    for (const auto& each : queue_)
        if (!input_id.empty() && each->input.id == input_id && !each->is_done && !each->is_abandoned)
            return each;
    throw Error{Code::not_found,
                fmt::format("no command has the input {}: none was given it, or it has ended", input_id),
                "no_such_input"};
}

/// Whether it is open now.
bool Terminal::try_open_input(Run& run) {
    if (run.input.pipe) return true;
    if (run.input.is_at_end || current_ != &run) return false;
    auto pipe = shell_->open_input();
    if (!pipe) return false;
    run.input.pipe.emplace(executor_, pipe.release());
    run.changed.notify_all();
    return true;
}

/// Whether it is open; false when the command has ended, or `end` came first.
Task<bool> Terminal::open_input(Run& run, steady_clock::time_point end) {
    auto pause = first_pause;
    while (!try_open_input(run)) {
        if (run.is_done || run.is_abandoned || run.input.is_at_end || steady_clock::now() >= end)
            co_return false;
        const bool is_at_work = current_ == &run;
        if (is_at_work && (shell_->status() || shell_->exit_code() || restarts_done_ < restarts_wanted_))
            co_return false;
        const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
        co_await run.changed.wait_for(std::min(pause, left));
        pause = std::min(2 * pause, longest_pause);
    }
    co_return true;
}

Task<Terminal::Written> Terminal::write_input(std::string input_id, std::string bytes, bool is_end,
                                              async::Duration limit) {
    const auto run = get_input(input_id);
    const auto end = steady_clock::now() + limit;
    while (run->input.is_being_written && steady_clock::now() < end)
        co_await run->changed.wait_for(end - steady_clock::now());
    if (run->input.is_being_written) co_return Written{};
    const Writing writing{run};
    if (!co_await open_input(*run, end)) co_return Written{0, !run->is_done && !run->input.is_at_end};
    auto& input = run->input;
    boost::asio::steady_timer alarm{executor_, end};
    alarm.async_wait([run](const boost::system::error_code& error) {
        if (!error && run->input.pipe) run->input.pipe->cancel();
    });
    Written written;
    while (written.count < bytes.size() && input.pipe && !run->is_done) {
        const auto count =
            ::write(input.pipe->native_handle(), bytes.data() + written.count, bytes.size() - written.count);
        if (count >= 0) {
            written.count += static_cast<std::size_t>(count);
            continue;
        }
        if (errno == EPIPE) close_input(input);
        if (errno == EINTR) continue;
        if (errno != EAGAIN || steady_clock::now() >= end) break;
        boost::system::error_code ignored;
        co_await input.pipe->async_wait(CommandInput::Descriptor::wait_write,
                                        boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    if (is_end && written.count == bytes.size()) close_input(input);
    written.is_open = input.pipe && !run->is_done;
    co_return written;
}

}  // namespace carrel::desk::terminal
