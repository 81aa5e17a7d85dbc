#include <doctest/doctest.h>

#include "desk/notices/notification_service.hpp"
#include "desk/notices/notifications.hpp"

using namespace carrel::desk;
using namespace carrel::desk::notices;
using namespace carrel::desk::notices::dbus;
using namespace std::string_view_literals;

namespace {

/// A message as it is after its way over a socket.
Message sent(const Message& message) {
    const auto bytes = to_bytes(message);
    const auto head = parse_head(std::string_view{bytes}.substr(0, head_bytes));
    REQUIRE(head);
    REQUIRE(bytes.size() == head_bytes + head->fields + head->body);
    auto parsed = parse_fields(std::string_view{bytes}.substr(0, head_bytes + head->fields));
    REQUIRE(parsed);
    parsed->body = bytes.substr(head_bytes + head->fields);
    return *parsed;
}

Message call(std::string_view member, std::string_view signature = {}, std::string body = {}) {
    Message made;
    made.serial = 77;
    made.sender = ":1.5";
    made.path = "/org/freedesktop/Notifications";
    made.interface = "org.freedesktop.Notifications";
    made.member = member;
    made.signature = signature;
    made.body = std::move(body);
    return sent(made);
}

/// {"x": variant of several kinds, "urgency": byte, "after": text}
std::string hints(std::uint8_t urgency) {
    Writer entries;
    entries.align(8).text("image-data").signature("(iiibiiay)");
    entries.align(8).number(1).number(1).number(4).number(1).number(8).number(4).number(4).bytes += "rgba";
    entries.align(8).text("urgency").signature("y").byte(urgency);
    entries.align(8).text("after").signature("v").signature("as").texts({"a", "b"});
    return entries.bytes;
}

std::string arguments(std::string_view app, std::uint32_t replaces, std::string_view summary,
                      std::string_view body, std::string_view entries, std::int32_t timeout = -1) {
    Writer writer;
    writer.text(app).number(replaces).text("icon").text(summary).text(body);
    writer.texts({"default", "Open"});
    writer.number(static_cast<std::uint32_t>(entries.size())).align(8).bytes += entries;
    return writer.align(4).number(static_cast<std::uint32_t>(timeout)).bytes;
}

constexpr auto notify = "susssasa{sv}i";
constexpr NotificationMethods::Time start{};

}  // namespace

TEST_CASE("a message is the same after its way as bytes") {
    Message message;
    message.kind = Kind::error;
    message.wants_reply = false;
    message.serial = 4'000'000'000;
    message.reply_to = 9;
    message.path = "/a";
    message.interface = "a.b";
    message.member = "C";
    message.error = "a.b.E";
    message.sender = ":1.1";
    message.destination = ":1.2";
    message.signature = "s";
    message.body = Writer{}.text("text").bytes;
    const auto same = sent(message);
    CHECK(same.kind == message.kind);
    CHECK_FALSE(same.wants_reply);
    CHECK(same.serial == message.serial);
    CHECK(same.reply_to == 9u);
    for (const auto member : {&Message::path, &Message::interface, &Message::member, &Message::error,
                              &Message::sender, &Message::destination, &Message::signature, &Message::body})
        CHECK(same.*member == message.*member);
}

TEST_CASE("what is no message is refused") {
    CHECK_FALSE(parse_head("l\1\0\1"));
    CHECK_FALSE(parse_head("x\1\0\1\0\0\0\0\1\0\0\0\0\0\0\0"sv));
    CHECK_FALSE(parse_head("l\1\0\2\0\0\0\0\1\0\0\0\0\0\0\0"sv));
    CHECK_FALSE(parse_head("l\1\0\1\0\0\0\0\1\0\0\0\1\0\0\4"sv));  // 64 MiB of fields and more
    CHECK(parse_head("l\1\0\1\0\0\0\0\1\0\0\0\0\0\2\0"sv)->fields == 128 << 10);
    CHECK_FALSE(parse_head("l\1\0\1\1\0\0\x10\1\0\0\0\0\0\0\0"sv));         // 256 MiB of body
    CHECK(parse_head("B\1\0\1\0\0\0\x20\0\0\0\1\0\0\0\5"sv)->fields == 8);  // padding included
    const auto whole = to_bytes(call("Notify", notify, "x"));
    // The last bytes are padding and the body.
    for (std::size_t length = head_bytes; length + 8 < whole.size(); ++length)
        CHECK_FALSE(parse_fields(std::string_view{whole}.substr(0, length)));
}

TEST_CASE("the length of a type is known, or that it is none") {
    struct Case {
        std::string_view signature;
        std::size_t length;
    };
    for (const auto& [signature, length] :
         {Case{"", 0}, Case{"s", 1}, Case{"su", 1}, Case{"as", 2}, Case{"a{sv}i", 5}, Case{"(i(ss)ay)u", 9},
          Case{"a", 0}, Case{"(", 0}, Case{"()", 0}, Case{"(i", 0}, Case{"z", 0}, Case{"a}", 0}}) {
        CAPTURE(signature);
        CHECK(type_length(signature) == length);
    }
    CHECK(type_length(std::string(1000, 'a') + "s") == 0);
}

TEST_CASE("values that go beyond the body, or nest without end, are noticed") {
    Reader text{
        "\xff\xff\xff\xff"
        "abc"sv,
        false};
    CHECK(text.text().empty());
    CHECK_FALSE(text.is_good());
    CHECK(text.number() == 0);
    Reader unended{"\1\0\0\0ab"sv, false};
    unended.text();
    CHECK_FALSE(unended.is_good());
    std::string nested;
    for (int i = 0; i < 300; ++i) nested += "\1v\0"sv;
    Reader variants{nested, false};
    variants.skip("v");
    CHECK_FALSE(variants.is_good());
    Reader large{"\xff\xff\xff\x7f"sv, false};
    large.array_end(1);
    CHECK_FALSE(large.is_good());
    CHECK(Reader{"\0\0\1\0"sv, true}.number() == 256);
}

TEST_CASE("a notification is told, and its program gets a number") {
    NotificationMethods methods;
    const auto first = methods.handle(
        call("Notify", notify, arguments("mail", 0, "New\tmail", "from\nGrüße\x07", hints(2))), false, start);
    REQUIRE(first.told);
    CHECK(*first.told == Notification{"mail", "New mail", "from\nGrüße", "critical"});
    REQUIRE(first.answers.size() == 1);
    const auto reply = sent(first.answers[0]);
    CHECK(reply.kind == Kind::reply);
    CHECK(reply.reply_to == 77u);
    CHECK(reply.destination == ":1.5");
    CHECK(reply.signature == "u");
    CHECK(Reader{reply.body, false}.number() == 1);
    // One that replaces another keeps its number; the next has the next.
    const auto replaced =
        methods.handle(call("Notify", notify, arguments("mail", 1, "a", "b", "")), false, start);
    CHECK(Reader{replaced.answers[0].body, false}.number() == 1);
    CHECK(replaced.told->urgency == "normal");
    const auto next =
        methods.handle(call("Notify", notify, arguments("mail", 0, "a", "b", hints(9))), false, start);
    CHECK(Reader{next.answers[0].body, false}.number() == 2);
    CHECK(next.told->urgency == "normal");
}

TEST_CASE("texts are cut at whole characters") {
    std::string many;
    for (int i = 0; i < 5000; ++i) many += "ü";
    NotificationMethods methods;
    const auto told =
        *methods.handle(call("Notify", notify, arguments(many, 0, many, many, "")), false, start).told;
    CHECK(told.app.size() == 100);
    CHECK(told.summary.size() == 300);
    CHECK(told.body.size() == 2000);
}

TEST_CASE("whatever else is called is answered") {
    struct Case {
        Message call;
        Kind kind;
        std::string_view signature;
    };
    auto introspect = call("Introspect");
    introspect.interface = "org.freedesktop.DBus.Introspectable";
    auto ping = call("Ping");
    ping.interface = "org.freedesktop.DBus.Peer";
    auto elsewhere = call("Notify", notify, arguments("a", 0, "b", "c", ""));
    elsewhere.interface = "org.example";
    const auto good = arguments("a", 0, "b", "c", hints(1));
    NotificationMethods methods;
    for (const auto& [asked, kind, signature] : {
             Case{call("GetCapabilities"), Kind::reply, "as"},
             Case{call("GetServerInformation"), Kind::reply, "ssss"},
             Case{introspect, Kind::reply, "s"},
             Case{ping, Kind::reply, ""},
             Case{call("Notify"), Kind::error, "s"},
             Case{call("Notify", notify, ""), Kind::error, "s"},
             Case{call("Notify", notify, good.substr(0, good.size() / 2)), Kind::error, "s"},
             Case{call("CloseNotification", "s", Writer{}.text("1").bytes), Kind::error, "s"},
             Case{call("Explode"), Kind::error, "s"},
             Case{elsewhere, Kind::error, "s"},
         }) {
        CAPTURE(asked.member);
        const auto outcome = methods.handle(asked, false, start);
        CHECK_FALSE(outcome.told);
        REQUIRE(outcome.answers.size() == 1);
        CHECK(sent(outcome.answers[0]).kind == kind);
        CHECK(outcome.answers[0].signature == signature);
    }
    CHECK(methods.handle(call("Notify", notify, good), true, start).answers[0].error ==
          "org.freedesktop.DBus.Error.LimitsExceeded");
    auto silent = call("GetCapabilities");
    silent.wants_reply = false;
    CHECK(methods.handle(silent, false, start).answers.empty());
    auto reply = call("Notify");
    reply.kind = Kind::reply;
    CHECK(methods.handle(reply, false, start).answers.empty());
}

namespace {

/// The number and the reason of a NotificationClosed.
std::pair<std::uint32_t, std::uint32_t> end_told_by(const Message& message) {
    const auto signal = sent(message);
    CHECK(signal.kind == Kind::signal);
    CHECK(signal.member == "NotificationClosed");
    Reader reader{signal.body, false};
    const auto id = reader.number();
    return {id, reader.number()};
}

Message call_to_close(std::uint32_t id) { return call("CloseNotification", "u", Writer{}.number(id).bytes); }

}  // namespace

TEST_CASE("closing one is told to everybody, once") {
    NotificationMethods methods;
    methods.handle(call("Notify", notify, arguments("a", 0, "b", "c", "")), false, start);
    const auto outcome = methods.handle(call_to_close(1), false, start);
    REQUIRE(outcome.answers.size() == 2);
    CHECK(outcome.answers[0].kind == Kind::reply);
    CHECK(end_told_by(outcome.answers[1]) == std::pair{1u, 3u});
    CHECK(methods.handle(call_to_close(1), false, start).answers.size() == 1);
    CHECK_FALSE(methods.next_end());
}

TEST_CASE("one is over after the time that its program gave") {
    using namespace std::chrono_literals;
    NotificationMethods methods;
    for (const auto timeout : {-1, 500, 0})
        methods.handle(call("Notify", notify, arguments("a", 0, "b", "c", "", timeout)), false, start);
    CHECK(methods.next_end() == start + 500ms);
    CHECK(methods.end_those_over(start + 499ms).empty());
    const auto first = methods.end_those_over(start + 500ms);
    REQUIRE(first.size() == 1);
    CHECK(end_told_by(first[0]) == std::pair{2u, 1u});
    // What replaces another is shown anew.
    methods.handle(call("Notify", notify, arguments("a", 1, "b", "c", "", 700)), false, start + 9s);
    CHECK(methods.next_end() == start + 9700ms);
    CHECK(methods.end_those_over(start + 1h).size() == 1);
    CHECK_FALSE(methods.next_end());
}

TEST_CASE("of many that stay for ever the oldest end") {
    NotificationMethods methods;
    for (int i = 0; i < 100; ++i)
        CHECK(methods.handle(call("Notify", notify, arguments("a", 0, "b", "c", "", 0)), false, start)
                  .answers.size() == 1);
    const auto last =
        methods.handle(call("Notify", notify, arguments("a", 0, "b", "c", "", 0)), false, start);
    REQUIRE(last.answers.size() == 2);
    CHECK(end_told_by(last.answers[1]) == std::pair{1u, 4u});
}

TEST_CASE("a program that notifies without end is passed on now and then") {
    using namespace std::chrono_literals;
    NotificationLimit limit;
    int admitted = 0;
    for (int i = 0; i < 1000; ++i) admitted += limit.admits(start + 1ms * i);
    CHECK(admitted == 10);
    CHECK(limit.admits(start + 11s));
}
