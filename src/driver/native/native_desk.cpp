#include "driver/native/native_desk.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>

#include "async/all.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "driver/native/jail_words.hpp"
#include "net/tunnel.hpp"

namespace carrel::driver::native {

namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

constexpr std::string_view kill_signal = "9";

/// Whoever makes processes without end is told of once in this time.
constexpr std::chrono::minutes between_process_notices{1};

/// What the first process of a desk says by its status (InitEnd in desk/init.hpp).
struct Given {
    std::string_view status;
    const char* code;
    const char* part;
};
constexpr std::array given_up{Given{"10", "display_failed", "display"},
                              Given{"11", "window_manager_failed", "window manager"},
                              Given{"12", "tool_server_failed", "tool server"}};

fleet::Ending explain_status(std::string_view status) {
    const auto found = std::ranges::find(given_up, status, &Given::status);
    if (found == given_up.end())
        return {"desk_failed", fmt::format("the desk's first process failed (status {})", status)};
    return {found->code,
            fmt::format("the desk's {} failed again and again, and the desk gave up", found->part)};
}

jail::wire::GroupWatch watch_of(const jail::wire::Answer& answer, std::string_view field) {
    return jail::wire::watch_of(answer.find(field).value_or(""));
}

}  // namespace

fleet::Ending explain_ending(const jail::wire::Answer& answer) {
    const auto kills = core::parse_unsigned(answer.find("memory_kills").value_or("")).value_or(0);
    const auto signal = answer.find("signal");
    if (kills > 0 && (!answer.find("status") && signal.value_or(kill_signal) == kill_signal))
        return {"out_of_memory",
                "the desk used more memory than it may, and its first process was killed for it"};
    if (const auto status = answer.find("status")) return explain_status(*status);
    if (signal) return {"killed", fmt::format("the desk was killed from outside (signal {})", *signal)};
    return {"killed", "the desk ended while nobody was there who could see why"};
}

NativeDesk::NativeDesk(async::Executor executor, JailClient& jail, Reply reply, std::string path)
    : jail_{jail},
      id_{reply.answer.find("id").value_or("")},
      image_{reply.answer.find("image").value_or("")},
      build_{reply.answer.find("image_hash").value_or("")},
      program_{reply.answer.find("desk_hash").value_or("")},
      endpoint_{std::make_shared<net::Tunnel>(executor, std::move(path))},
      process_{executor, reply.process.release()},
      memory_{executor, watch_of(reply.answer, "memory_watch"), std::move(reply.memory), "oom_kill"},
      processes_{executor, watch_of(reply.answer, "process_watch"), std::move(reply.processes), "max"},
      disk_{executor, watch_of(reply.answer, "disk_watch"), std::move(reply.disk), ""},
      workspace_{executor, watch_of(reply.answer, "workspace_watch"), std::move(reply.workspace), ""},
      can_sleep_{reply.answer.find("can_sleep") == "yes"} {
    for (const auto& [key, value] : reply.answer.fields)
        if (key == "warning") warnings_.push_back(value);
}

Task<fleet::Ending> NativeDesk::ended() {
    co_await process_.async_wait(Descriptor::wait_read, boost::asio::use_awaitable);
    if (is_stopped_) co_return fleet::Ending{"stopped", "the desk was stopped"};
    try {
        const auto reply = co_await jail_.ask(jail::wire::Ending{id_});
        co_return explain_ending(reply.answer);
    } catch (const core::Error& error) {
        // It has ended all the same: the kernel said so.
        co_return fleet::Ending{
            "killed", fmt::format("the desk ended, and nobody could say why ({})", error.message())};
    }
}

bool NativeDesk::is_dead() const {
    pollfd ended{const_cast<Descriptor&>(process_).native_handle(), POLLIN, 0};
    return ::poll(&ended, 1, 0) > 0;
}

Task<> NativeDesk::tell_notices(std::function<void(fleet::Notice)> tell) {
    std::vector<Task<>> limits;
    limits.push_back(tell_of_memory(tell));
    limits.push_back(tell_of_processes(tell));
    limits.push_back(tell_of_disk(tell));
    limits.push_back(tell_of_workspace(tell));
    co_await async::all("watching the limits of " + id_, std::move(limits));
}

// The desk's removal wakes all of them as well; a dead desk has no notices, only an ending.

Task<> NativeDesk::tell_of_memory(std::function<void(fleet::Notice)> tell) {
    while (co_await memory_.is_met() && !is_dead())
        tell({"out_of_memory", "the desk's memory is full, so the kernel killed one of its programs"});
}

Task<> NativeDesk::tell_of_processes(std::function<void(fleet::Notice)> tell) {
    while (co_await processes_.is_met() && !is_dead()) {
        tell({"out_of_processes",
              "the desk runs as many processes and threads as it may, so programs fail with \"Resource "
              "temporarily unavailable\" until some have ended"});
        co_await async::pause(between_process_notices);
        processes_.forget();
    }
}

Task<> NativeDesk::tell_of_disk(std::function<void(fleet::Notice)> tell) {
    while (co_await disk_.is_met() && !is_dead())
        tell({"disk_full",
              "the desk has written as much as it may, or nearly: programs fail with \"No space left on "
              "device\" "
              "until some files are removed"});
}

Task<> NativeDesk::tell_of_workspace(std::function<void(fleet::Notice)> tell) {
    while (co_await workspace_.is_met() && !is_dead())
        tell({"workspace_full",
              "the desk's workspace holds as much as it may, or nearly: programs that write there fail with "
              "\"No space left on device\" until some files are removed"});
}

Task<> NativeDesk::freeze() { co_await jail_.ask(jail::wire::Freeze{id_}); }

Task<> NativeDesk::thaw() { co_await jail_.ask(jail::wire::Thaw{id_}); }

Task<fleet::Usage> NativeDesk::usage() {
    const auto reply = co_await jail_.ask(jail::wire::Usage{id_});
    const auto number = [&](std::string_view key) -> std::optional<std::uint64_t> {
        const auto text = reply.answer.find(key);
        return text ? core::parse_unsigned(*text) : std::nullopt;
    };
    fleet::Usage usage{.memory = number("memory"),
                       .processes = number("processes"),
                       .processor_time = {},
                       .disk = number("disk"),
                       .received = number("received"),
                       .sent = number("sent")};
    if (const auto time = number("processor_microseconds"))
        usage.processor_time = std::chrono::microseconds{*time};
    co_return usage;
}

Task<> NativeDesk::change(fleet::DeskChange change) {
    auto asked = jail_change(id_, change);
    if (asked.limits)
        if (const auto fault = jail::wire::find_fault(*asked.limits)) throw core::Error{*fault};
    if (asked.workspace)
        if (const auto fault = jail::wire::find_fault(*asked.workspace)) throw core::Error{*fault};
    const auto reply = co_await jail_.ask(std::move(asked));
    for (const auto& [key, value] : reply.answer.fields)
        if (key == "warning") warnings_.push_back(value);
}

Task<> NativeDesk::stop() {
    is_stopped_ = true;
    co_await jail_.ask(jail::wire::Stop{id_});
}

}  // namespace carrel::driver::native
