#include "desk/background/background.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <csignal>
#include <iterator>

#include "core/error.hpp"
#include "core/id.hpp"
#include "core/sys.hpp"
#include "desk/processes/tree.hpp"
#include "desk/spawn/child.hpp"
#include "desk/spawn/pty.hpp"

namespace carrel::desk::background {

using core::Code;
using core::Error;
using core::Fd;

namespace {

using namespace std::chrono_literals;

/// Who prints without end is read this fast at most, so that it does not keep the loop from others.
constexpr std::size_t burst = std::size_t{4} << 20;
constexpr auto pause_after_burst = 20ms;
/// The kernel's largest pipe, unless root has made it larger.
constexpr std::size_t most_in_pipe = std::size_t{1} << 20;

/// The loop's one buffer for reading: nothing else runs between a read and its use.
std::array<char, OutputLog::chunk_bytes>& buffer() {
    static std::array<char, OutputLog::chunk_bytes> bytes;
    return bytes;
}

/// Of the variable in the environment of what is started here.
constexpr std::string_view mark_name = "DESK_PROCESS";

struct Pipe {
    Fd reader;
    Fd writer;
};

Pipe make_pipe() {
    int ends[2];
    core::checked("make a pipe", ::pipe2(ends, O_CLOEXEC));
    return {Fd{ends[0]}, Fd{ends[1]}};
}

/// Our own end never blocks; the program's does, as programs expect.
int release_for_loop(Fd& end) {
    core::checked("set up a pipe", ::fcntl(end.get(), F_SETFL, O_NONBLOCK));
    return end.release();
}

/// Its holder has the input.
struct Writing {
    explicit Writing(BackgroundProcess& written) : process{written} { process.is_being_written = true; }
    ~Writing() {
        process.is_being_written = false;
        process.changed.notify_all();
    }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;
    BackgroundProcess& process;
};

Error no_input(const BackgroundProcess& process) {
    return {Code::conflict,
            process.wish.has_input
                ? fmt::format("the input of {} has been closed", process.id)
                : fmt::format("{} was started without input; start it with \"stdin\": true", process.id),
            "no_input"};
}

}  // namespace

BackgroundProcess::BackgroundProcess(const async::Executor& executor, std::string name, BackgroundWish wanted)
    : id{std::move(name)},
      wish{std::move(wanted)},
      mark{fmt::format("{}={}", mark_name, core::random_hex(8))},
      output{executor},
      errors{executor},
      handle{executor},
      changed{executor},
      scope{executor} {}

int end_forgotten_processes() {
    return processes::signal_all([] { return processes::find_marked(mark_name); }, SIGKILL);
}

Background::Background(async::Executor executor, async::Pool& pool, std::string home, std::string bash)
    : executor_{executor}, pool_{pool}, home_{std::move(home)}, bash_{std::move(bash)}, scope_{executor} {}

SharedProcess Background::start(std::string id, BackgroundWish wish) {
    if (is_closed_) throw Error{Code::unavailable, "the desk is being ended"};
    if (id.empty()) id = core::make_id("process_");
    if (std::ranges::find(all_, id, &BackgroundProcess::id) != all_.end())
        throw Error{Code::conflict, fmt::format("there is a process {} already", id)};
    make_room();
    if (wish.folder.empty()) wish.folder = home_;
    auto process = std::make_shared<BackgroundProcess>(executor_, std::move(id), std::move(wish));
    auto output = make_pipe();
    auto errors = make_pipe();
    auto input = process->wish.has_input ? make_pipe() : Pipe{core::open_file("/dev/null", O_RDONLY), {}};
    spawn::ChildWish child{.program = bash_,
                           .words = {"bash", "-c", process->wish.command},
                           .folder = process->wish.folder,
                           .environment = spawn::unattended_lines()};
    std::ranges::copy(process->wish.environment, std::back_inserter(child.environment));
    child.environment.push_back(process->mark);
    auto spawned =
        spawn::spawn_child(child, {input.reader.get(), output.writer.get(), errors.writer.get(), false});
    process->process = spawned.process;
    process->handle.assign(spawned.handle.release());
    process->output.reader.assign(release_for_loop(output.reader));
    process->errors.reader.assign(release_for_loop(errors.reader));
    if (input.writer) process->input.emplace(executor_, release_for_loop(input.writer));
    process->scope.start("reading a process's output", follow(process, process->output));
    process->scope.start("reading a process's errors", follow(process, process->errors));
    process->scope.start("waiting for a process's end", await_end(process));
    all_.push_back(process);
    return process;
}

void Background::make_room() {
    const auto has_ended = [](const SharedProcess& each) { return each->end.has_value(); };
    auto finished = static_cast<std::size_t>(std::ranges::count_if(all_, has_ended));
    if (all_.size() - finished >= most_running)
        throw Error{Code::unavailable,
                    fmt::format("{} processes run already; wait for one or signal it first", most_running),
                    "too_many_processes"};
    for (; finished >= most_finished; --finished) {
        const auto oldest = std::ranges::find_if(all_, has_ended);
        scope_.start("forgetting a process", forget(*oldest));
        all_.erase(oldest);
    }
}

SharedProcess Background::get(const std::string& id) const {
    const auto place = std::ranges::find(all_, id, &BackgroundProcess::id);
    if (place == all_.end())
        throw Error{Code::not_found,
                    fmt::format("there is no process {}; terminal/process/list has all", id)};
    return *place;
}

std::size_t Background::read_once(BackgroundProcess& process, BackgroundProcess::Stream& stream) {
    if (stream.has_ended) return 0;
    auto& bytes = buffer();
    const auto count = ::read(stream.reader.native_handle(), bytes.data(), bytes.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (count > 0) {
        stream.log.add({bytes.data(), static_cast<std::size_t>(count)});
        keep_within_bounds();
    } else {
        stream.has_ended = true;
        stream.reader.close();
    }
    process.changed.notify_all();
    return count > 0 ? static_cast<std::size_t>(count) : 0;
}

Task<> Background::follow(SharedProcess process, BackgroundProcess::Stream& stream) {
    std::size_t in_burst = 0;
    while (!stream.has_ended) {
        boost::system::error_code ignored;
        co_await stream.reader.async_wait(BackgroundProcess::Descriptor::wait_read,
                                          boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
        in_burst += read_once(*process, stream);
        if (in_burst < burst) continue;
        in_burst = 0;
        co_await async::pause(pause_after_burst);
    }
}

void Background::keep_within_bounds() {
    std::size_t kept = 0;
    OutputLog* largest = nullptr;
    for (const auto& process : all_)
        for (auto* stream : {&process->output, &process->errors}) {
            kept += stream->log.kept();
            if (!largest || stream->log.kept() > largest->kept()) largest = &stream->log;
        }
    if (kept > most_kept) largest->drop_oldest();
}

Task<> Background::await_end(SharedProcess process) {
    const auto end = co_await processes::await_child(process->handle);
    // What it printed before its end is there when its end is.
    for (auto* stream : {&process->output, &process->errors})
        for (std::size_t rest = most_in_pipe; rest > 0;) {
            const auto count = read_once(*process, *stream);
            if (count == 0) break;
            rest -= std::min(rest, count);
        }
    process->end = end;
    process->ended = core::SystemClock{}.now();
    if (process->input) process->input->close();
    process->input.reset();
    process->changed.notify_all();
}

Task<Background::Written> Background::write(SharedProcess process, std::string bytes, bool is_end,
                                            async::Duration limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (process->is_being_written)
        if (!co_await process->changed.wait_for(until - std::chrono::steady_clock::now()))
            co_return Written{0, "another client's input was not taken in time"};
    if (!process->input) throw no_input(*process);
    const Writing writing{*process};
    Written written;
    // A program that takes nothing is waited for until the limit, which closes this wait alone.
    boost::asio::steady_timer alarm{executor_, until};
    alarm.async_wait([process](const boost::system::error_code& error) {
        if (!error && process->input) process->input->cancel();
    });
    while (written.count < bytes.size() && process->input) {
        const auto count = ::write(process->input->native_handle(), bytes.data() + written.count,
                                   bytes.size() - written.count);
        if (count >= 0) {
            written.count += static_cast<std::size_t>(count);
            continue;
        }
        if (errno == EPIPE) process->input.reset();
        if (errno != EAGAIN && errno != EINTR) break;
        if (std::chrono::steady_clock::now() >= until) break;
        boost::system::error_code ignored;
        co_await process->input->async_wait(BackgroundProcess::Descriptor::wait_write,
                                            boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    if (written.count < bytes.size())
        written.refusal = process->input ? "the program did not take all of it in time"
                                         : "the program has closed its input before it had all of it";
    else if (is_end)
        process->input.reset();
    co_return written;
}

Task<int> Background::signal(SharedProcess process, int number) {
    co_return co_await async::run_on(pool_, [leader = process->process, mark = process->mark, number] {
        const auto find = [&] { return processes::find_family(leader, mark); };
        // What was stopped must run to hear it.
        const auto count = processes::signal_all(find, number);
        if (number == SIGTERM || number == SIGHUP || number == SIGINT) processes::signal_all(find, SIGCONT);
        return count;
    });
}

Task<> Background::forget(SharedProcess process) {
    co_await process->scope.close();
    process->changed.notify_all();
}

Task<> Background::remove(SharedProcess process) {
    if (!process->end)
        throw Error{Code::conflict, fmt::format("{} still runs; signal it first", process->id),
                    "still_running"};
    all_.remove(process);
    co_await forget(process);
}

Task<> Background::close() {
    is_closed_ = true;
    for (const auto& process : std::list{all_}) {
        co_await signal(process, SIGKILL);
        while (!process->end) co_await process->changed.wait();
        co_await forget(process);
    }
    all_.clear();
    co_await scope_.close();
}

}  // namespace carrel::desk::background
