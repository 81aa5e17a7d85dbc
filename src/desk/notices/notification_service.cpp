#include "desk/notices/notification_service.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "async/both.hpp"
#include "async/deadline.hpp"
#include "core/log.hpp"
#include "core/text.hpp"
#include "net/stream.hpp"

namespace carrel::desk::notices {

namespace {

using namespace std::chrono_literals;
using core::Code;
using core::Error;

constexpr auto greeting_patience = 5s;
constexpr std::size_t longest_line = 512;
/// Of a body that is looked at: icons come as pixels.
constexpr std::size_t largest_body = std::size_t{4} << 20;
/// Of header fields that are looked at: paths, names and a signature take far less, but a path may be of any
/// length.
constexpr std::size_t largest_fields = std::size_t{1} << 20;

constexpr std::size_t most_notifications = 10;
constexpr auto counted_time = 10s;

Error ended() { return Error{Code::unavailable, "the message bus ended"}; }

Task<> read_exactly(net::Stream& bus, std::span<char> into) {
    while (!into.empty()) {
        const auto count = co_await bus.read(into);
        if (count == 0) throw ended();
        into = into.subspan(count);
    }
}

/// Reads and forgets.
Task<> pass_over(net::Stream& bus, std::size_t bytes) {
    std::array<char, 16 * 1024> buffer;
    while (bytes > 0) {
        const auto count = co_await bus.read(std::span{buffer}.first(std::min(bytes, buffer.size())));
        if (count == 0) throw ended();
        bytes -= count;
    }
}

Task<std::string> read_line(net::Stream& bus) {
    std::string line;
    while (!line.ends_with("\r\n")) {
        if (line.size() == longest_line) throw Error{Code::invalid, "the message bus greets without end"};
        line += '\0';
        co_await read_exactly(bus, {&line.back(), 1});
    }
    co_return line;
}

/// Authentication by the credentials of the socket (EXTERNAL).
Task<> greet(net::Stream& bus) {
    co_await bus.write(fmt::format("{}AUTH EXTERNAL {}\r\n", '\0', core::to_hex(std::to_string(::getuid()))));
    const auto line = co_await read_line(bus);
    if (!line.starts_with("OK "))
        throw Error{Code::forbidden, "the message bus does not take us: " + std::string{core::trim(line)}};
    co_await bus.write("BEGIN\r\n");
}

dbus::Message call_to_bus(std::string_view member) {
    dbus::Message call;
    call.destination = call.interface = "org.freedesktop.DBus";
    call.path = "/org/freedesktop/DBus";
    call.member = member;
    return call;
}

struct Received {
    dbus::Message message;
    bool is_cut = false;
};

/// Nothing, when it is one that no notification is: it is passed over, and what comes after it is read.
Task<std::optional<Received>> receive(net::Stream& bus) {
    std::string bytes(dbus::head_bytes, '\0');
    co_await read_exactly(bus, bytes);
    const auto head = core::value_or_throw(dbus::parse_head(bytes));
    if (head.fields > largest_fields) {
        co_await pass_over(bus, head.fields + head.body);
        co_return std::nullopt;
    }
    bytes.resize(dbus::head_bytes + head.fields);
    co_await read_exactly(bus, std::span{bytes}.subspan(dbus::head_bytes));
    auto message = dbus::parse_fields(bytes);
    if (!message || head.body > largest_body) {
        co_await pass_over(bus, head.body);
        if (!message) co_return std::nullopt;
        co_return Received{std::move(*message), true};
    }
    message->body.resize(head.body);
    co_await read_exactly(bus, message->body);
    co_return Received{std::move(*message), false};
}

}  // namespace

bool NotificationLimit::admits(Time now) {
    while (!admitted_.empty() && now - admitted_.front() >= counted_time) admitted_.pop_front();
    if (admitted_.size() == most_notifications) return false;
    admitted_.push_back(now);
    return true;
}

NotificationService::NotificationService(async::Executor executor, std::string address,
                                         std::function<void(Notification)> tell)
    : address_{std::move(address)},
      tell_{std::move(tell)},
      started_{executor},
      ends_changed_{executor},
      writing_{std::move(executor)} {}

void NotificationService::bus_started() {
    is_started_ = true;
    started_.notify_all();
}

Task<> NotificationService::run() {
    while (true) {
        while (!std::exchange(is_started_, false)) co_await started_.wait();
        try {
            co_await serve();
        } catch (const Error& error) {
            core::log_debug("notifications: {}", error.message());
        }
    }
}

/// Until the bus ends.
Task<> NotificationService::serve() {
    const auto bus =
        co_await async::deadline(greeting_patience, "reaching the message bus", net::connect_unix(address_));
    co_await async::deadline(greeting_patience, "greeting the message bus", greet(*bus));
    co_await send(*bus, call_to_bus("Hello"));
    auto request = call_to_bus("RequestName");
    request.signature = "su";
    // Flags 0: where another program has the name already, we have it after that one.
    request.body = dbus::Writer{}.text("org.freedesktop.Notifications").number(0).bytes;
    co_await send(*bus, std::move(request));
    // Those of an earlier bus are over with it.
    methods_ = {};
    co_await async::both(answer_calls(*bus), tell_ends(*bus));
}

Task<> NotificationService::answer_calls(net::Stream& bus) {
    while (true)
        if (const auto received = co_await receive(bus))
            co_await handle(bus, received->message, received->is_cut);
}

Task<> NotificationService::tell_ends(net::Stream& bus) {
    while (true) {
        const auto now = std::chrono::steady_clock::now();
        for (auto& signal : methods_.end_those_over(now)) co_await send(bus, std::move(signal));
        if (const auto next = methods_.next_end())
            co_await ends_changed_.wait_for(*next - now);
        else
            co_await ends_changed_.wait();
    }
}

Task<> NotificationService::handle(net::Stream& bus, const dbus::Message& message, bool is_cut) {
    const auto now = std::chrono::steady_clock::now();
    auto outcome = methods_.handle(message, is_cut, now);
    if (outcome.told && limit_.admits(now)) tell_(std::move(*outcome.told));
    for (auto& answer : outcome.answers) co_await send(bus, std::move(answer));
    ends_changed_.notify_all();
}

Task<> NotificationService::send(net::Stream& bus, dbus::Message message) {
    const auto turn = co_await writing_.take();
    message.serial = ++last_serial_;
    if (message.serial == 0) message.serial = ++last_serial_;  // 0 is no serial
    const auto bytes = dbus::to_bytes(message);
    co_await bus.write(bytes);
}

}  // namespace carrel::desk::notices
