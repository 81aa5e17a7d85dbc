#include "driver/native/native_desk.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>

#include "core/sys.hpp"
#include "core/text.hpp"

namespace carrel::driver::native {

namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

constexpr std::string_view kill_signal = "9";

jail::MemoryWatch watch_of(const jail::Answer& answer) {
    for (const auto watch : {jail::MemoryWatch::eventfd, jail::MemoryWatch::events})
        if (answer.find("memory_watch") == name_of(watch)) return watch;
    return jail::MemoryWatch::none;
}

/// The whole of memory.events; reading it also says that we know what it holds.
std::string read_events(int memory) {
    std::array<char, 512> text;
    const auto count = ::pread(memory, text.data(), text.size(), 0);
    return {text.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

std::uint64_t kills_in(std::string_view events) {
    constexpr std::string_view key = "oom_kill ";
    for (const auto line : core::split(events, '\n'))
        if (line.starts_with(key)) return core::parse_unsigned(line.substr(key.size())).value_or(0);
    return 0;
}

bool is_dead(int process) {
    pollfd ended{process, POLLIN, 0};
    return ::poll(&ended, 1, 0) > 0;
}

}  // namespace

fleet::Ending explain_ending(const jail::Answer& answer) {
    const auto kills = core::parse_unsigned(answer.find("memory_kills").value_or("")).value_or(0);
    const auto signal = answer.find("signal");
    if (kills > 0 && (!answer.find("status") && signal.value_or(kill_signal) == kill_signal))
        return {"out_of_memory",
                "the desk used more memory than it may, and its first process was killed for it"};
    if (const auto status = answer.find("status"))
        return {"tool_server_failed",
                fmt::format("the desk's tool server failed again and again, and the desk gave up (status {})",
                            *status)};
    if (signal) return {"killed", fmt::format("the desk was killed from outside (signal {})", *signal)};
    return {"killed", "the desk ended while nobody was there who could see why"};
}

NativeDesk::NativeDesk(async::Executor executor, JailClient& jail, Reply reply, std::string endpoint)
    : jail_{jail},
      id_{reply.answer.find("id").value_or("")},
      endpoint_{std::move(endpoint)},
      process_{executor, reply.process.release()},
      memory_{executor},
      watch_{reply.memory ? watch_of(reply.answer) : jail::MemoryWatch::none},
      never_{executor} {
    if (reply.memory) memory_.assign(reply.memory.release());
    if (watch_ == jail::MemoryWatch::events) memory_kills_ = kills_in(read_events(memory_.native_handle()));
    for (const auto& [key, value] : reply.answer.fields)
        if (key == "warning") warnings_.push_back(value);
}

Task<fleet::Ending> NativeDesk::ended() {
    co_await process_.async_wait(Descriptor::wait_read, boost::asio::use_awaitable);
    if (is_stopped_) co_return fleet::Ending{"stopped", "the desk was stopped"};
    const auto reply = co_await jail_.ask(jail::Ending{id_});
    co_return explain_ending(reply.answer);
}

Task<> NativeDesk::wait_for_kill() {
    if (watch_ == jail::MemoryWatch::eventfd) {
        co_await memory_.async_wait(Descriptor::wait_read, boost::asio::use_awaitable);
        std::uint64_t count = 0;
        (void)!::read(memory_.native_handle(), &count, sizeof count);
        co_return;
    }
    // The file tells of much else, too.
    const auto known = memory_kills_;
    while (memory_kills_ == known) {
        co_await memory_.async_wait(Descriptor::wait_error, boost::asio::use_awaitable);
        memory_kills_ = kills_in(read_events(memory_.native_handle()));
    }
}

Task<fleet::Notice> NativeDesk::next_notice() {
    // The group's removal wakes us as well; a dead desk has no notices, only an ending.
    while (watch_ != jail::MemoryWatch::none && !is_dead(process_.native_handle())) {
        co_await wait_for_kill();
        if (is_dead(process_.native_handle())) break;
        co_return fleet::Notice{"out_of_memory",
                                "the desk's memory is full, so the kernel killed one of its programs"};
    }
    while (true) co_await never_.wait();
}

Task<> NativeDesk::stop() {
    is_stopped_ = true;
    co_await jail_.ask(jail::Stop{id_});
}

}  // namespace carrel::driver::native
