#include "desk/notices/notifications.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/plain_text.hpp"

namespace carrel::desk::notices {

namespace {

using dbus::Kind;
using dbus::Message;
using dbus::Reader;
using dbus::Writer;
using Outcome = NotificationMethods::Outcome;

constexpr std::string_view name = "org.freedesktop.Notifications";
constexpr std::string_view object = "/org/freedesktop/Notifications";
constexpr std::string_view notify_signature = "susssasa{sv}i";
/// Why one ended.
enum Reason : std::uint32_t { expired = 1, closed_by_call = 3, undefined = 4 };
/// Where the program leaves it to us how long one is shown.
constexpr std::chrono::seconds usual_time{10};
constexpr std::size_t most_open = 100;
constexpr std::array urgencies{"low", "normal", "critical"};

constexpr std::string_view description =
    R"(<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
<node><interface name="org.freedesktop.Notifications">
<method name="Notify"><arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/><arg type="a{sv}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/></method>
<method name="CloseNotification"><arg type="u" direction="in"/></method>
<method name="GetCapabilities"><arg type="as" direction="out"/></method>
<method name="GetServerInformation"><arg type="s" direction="out"/><arg type="s" direction="out"/><arg type="s" direction="out"/><arg type="s" direction="out"/></method>
<signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
<signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
</interface></node>)";

Outcome answered(const Message& call, std::string_view signature, std::string body) {
    Message reply{.kind = Kind::reply, .wants_reply = false, .reply_to = call.serial};
    reply.destination = call.sender;
    reply.signature = signature;
    reply.body = std::move(body);
    Outcome outcome;
    if (call.wants_reply) outcome.answers.push_back(std::move(reply));
    return outcome;
}

Outcome refused(const Message& call, std::string_view what, std::string_view why) {
    auto outcome = answered(call, "s", Writer{}.text(why).bytes);
    for (auto& answer : outcome.answers) {
        answer.kind = Kind::error;
        answer.error = fmt::format("org.freedesktop.DBus.Error.{}", what);
    }
    return outcome;
}

/// Of the hints {name: value}.
std::string_view urgency_of(Reader& reader) {
    std::string_view found = urgencies[1];
    const auto end = reader.array_end(8);
    while (reader.is_good() && reader.place() < end) {
        reader.align(8);
        const auto key = reader.text();
        const auto type = reader.signature();
        if (key != "urgency" || type != "y") {
            reader.skip(type);
            continue;
        }
        if (const auto level = reader.byte(); level < urgencies.size()) found = urgencies[level];
    }
    return found;
}

/// To everybody: the one with that number is over.
Message closed(std::uint32_t id, Reason reason) {
    Message signal{.kind = Kind::signal, .wants_reply = false};
    signal.path = object;
    signal.interface = name;
    signal.member = "NotificationClosed";
    signal.signature = "uu";
    signal.body = Writer{}.number(id).number(reason).bytes;
    return signal;
}

/// `timeout` in milliseconds: 0 is never, what is negative is left to us.
NotificationMethods::Time end_of(std::int32_t timeout, NotificationMethods::Time now) {
    if (timeout == 0) return NotificationMethods::Time::max();
    return now + (timeout < 0 ? usual_time : std::chrono::milliseconds{timeout});
}

}  // namespace

Outcome NotificationMethods::close(const Message& call) {
    if (call.signature != "u") return refused(call, "InvalidArgs", "CloseNotification takes a number (u)");
    const auto id = Reader{call.body, call.is_big_endian}.number();
    auto outcome = answered(call, "", "");
    if (open_.erase(id) > 0) outcome.answers.push_back(closed(id, closed_by_call));
    return outcome;
}

std::optional<NotificationMethods::Time> NotificationMethods::next_end() const {
    const auto next = std::ranges::min_element(open_, {}, [](const auto& each) { return each.second; });
    if (next == open_.end() || next->second == Time::max()) return std::nullopt;
    return next->second;
}

std::vector<Message> NotificationMethods::end_those_over(Time now) {
    std::vector<Message> signals;
    for (auto place = open_.begin(); place != open_.end();) {
        const auto here = place++;
        if (here->second > now) continue;
        signals.push_back(closed(here->first, expired));
        open_.erase(here);
    }
    return signals;
}

Outcome NotificationMethods::notify(const Message& call, Time now) {
    if (call.signature != notify_signature)
        return refused(call, "InvalidArgs", fmt::format("Notify takes ({})", notify_signature));
    Reader reader{call.body, call.is_big_endian};
    const auto app = reader.text();
    const auto replaced = reader.number();
    reader.text();  // its icon
    const auto summary = reader.text();
    const auto body = reader.text();
    reader.skip("as");
    const auto urgency = urgency_of(reader);
    const auto timeout = static_cast<std::int32_t>(reader.number());
    if (!reader.is_good()) return refused(call, "InvalidArgs", "the arguments of Notify are broken");
    if (replaced == 0) ++last_id_;
    if (last_id_ == 0) ++last_id_;  // 0 is no number
    const auto id = replaced != 0 ? replaced : last_id_;
    auto outcome = answered(call, "u", Writer{}.number(id).bytes);
    open_[id] = end_of(timeout, now);
    if (open_.size() > most_open) {
        outcome.answers.push_back(closed(open_.begin()->first, undefined));
        open_.erase(open_.begin());
    }
    outcome.told = Notification{core::plain_text(app, 100, false), core::plain_text(summary, 300, false),
                                core::plain_text(body, 2000, true), std::string{urgency}};
    return outcome;
}

Outcome NotificationMethods::handle(const Message& message, bool is_cut, Time now) {
    if (message.kind != Kind::call) return {};
    if (is_cut) return refused(message, "LimitsExceeded", "this message is too large for a notification");
    const bool is_ours = message.interface.empty() || message.interface == name;
    if (is_ours && message.member == "Notify") return notify(message, now);
    if (is_ours && message.member == "CloseNotification") return close(message);
    if (is_ours && message.member == "GetCapabilities")
        return answered(message, "as", Writer{}.texts({"body"}).bytes);
    if (is_ours && message.member == "GetServerInformation")
        return answered(message, "ssss",
                        Writer{}.text("Carrel").text("Carrel").text("0.1").text("1.2").bytes);
    if (message.interface == "org.freedesktop.DBus.Peer" && message.member == "Ping")
        return answered(message, "", "");
    if (message.interface == "org.freedesktop.DBus.Introspectable" && message.member == "Introspect")
        return answered(message, "s", Writer{}.text(message.path == object ? description : "<node/>").bytes);
    return refused(message, "UnknownMethod",
                   fmt::format("there is no method {} of {}", message.member, message.interface));
}

}  // namespace carrel::desk::notices
