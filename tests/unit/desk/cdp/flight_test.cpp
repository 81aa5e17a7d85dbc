#include "desk/cdp/flight.hpp"

#include <doctest/doctest.h>

#include "json/parse.hpp"

using namespace carrel;
using namespace carrel::desk::cdp;
using namespace std::chrono_literals;

namespace {

/// A tab whose main frame is "main", told what happens in it, ms by ms.
struct Story {
    Flight flight{"main"};
    Flight::Time now{std::chrono::hours{1}};

    void after(std::chrono::milliseconds time) { now += time; }
    void tell(std::string method, std::string_view params, std::string session = "s") {
        flight.take({std::move(session), std::move(method), json::parse(params).value()}, now);
    }
    void ask(std::string_view id, std::string_view type = "Fetch", std::string_view frame = "main",
             std::string_view loader = "one", std::string_view url = "http://a/x") {
        tell("Network.requestWillBeSent",
             json::to_text(json::Object{{"requestId", id},
                                        {"type", type},
                                        {"frameId", frame},
                                        {"loaderId", loader},
                                        {"request", json::Object{{"url", url}}}}));
    }
    void end(std::string_view id, std::string method = "Network.loadingFinished") {
        tell(std::move(method), json::to_text(json::Object{{"requestId", id}}));
    }
    bool is_busy(Flight::Time since) const { return flight.is_busy(since, now); }
};

}  // namespace

TEST_CASE("what a page asks for is under way until it has come or failed") {
    for (const std::string_view type : {"Document", "Stylesheet", "Image", "Font", "Script", "XHR", "Fetch"})
        for (const std::string end : {"Network.loadingFinished", "Network.loadingFailed"}) {
            CAPTURE(type);
            Story story;
            const auto since = story.now;
            CHECK_FALSE(story.is_busy(since));
            story.ask("1", type);
            CHECK(story.is_busy(since));
            story.end("2", end);
            CHECK(story.is_busy(since));
            story.end("1", end);
            CHECK_FALSE(story.is_busy(since));
        }
}

TEST_CASE("nobody waits for what has no end, or draws nothing") {
    Story story;
    for (const std::string_view type :
         {"EventSource", "WebSocket", "Ping", "Media", "Preflight", "Prefetch", "Other", "Manifest",
          "CSPViolationReport", "SignedExchange", "TextTrack", ""})
        story.ask(type, type);
    CHECK_FALSE(story.is_busy(story.now));
}

TEST_CASE("a request from before counts for nobody who came later, a document on its way does") {
    Story story;
    story.ask("1");
    story.ask("2", "Document");
    story.after(100ms);
    CHECK(story.is_busy(story.now));
    story.end("2");
    CHECK_FALSE(story.is_busy(story.now));
}

TEST_CASE("a page that has been loading for long is not waited for") {
    Story story;
    story.tell("Page.frameStartedLoading", R"({"frameId":"main"})");
    story.ask("1", "Document");
    story.after(Flight::most_patience);
    const auto since = story.now;
    CHECK(story.is_busy(since));
    story.after(1ms);
    CHECK_FALSE(story.is_busy(story.now));
    // Who came in time waits on.
    story.after(1h);
    CHECK(story.is_busy(since));
    story.tell("Page.frameStoppedLoading", R"({"frameId":"main"})");
    story.end("1");
    CHECK_FALSE(story.is_busy(since));
}

TEST_CASE("loading is that of the main frame; that of other frames are their requests") {
    Story story;
    story.tell("Page.frameStartedLoading", R"({"frameId":"inner"})");
    CHECK_FALSE(story.is_busy(story.now));
    story.tell("Page.frameStartedLoading", R"({"frameId":"main"})");
    story.tell("Page.frameStoppedLoading", R"({"frameId":"inner"})");
    CHECK(story.is_busy(story.now));
}

TEST_CASE("with a new document the requests of the one before are of no use, and the new one's are") {
    Story story;
    story.ask("1", "Fetch", "main", "one");
    story.ask("2", "Image", "inner", "of inner");
    story.ask("3", "Document", "main", "two");
    story.tell("Page.frameNavigated", R"({"frame":{"id":"main","loaderId":"two"},"type":"Navigation"})");
    story.end("2");
    CHECK(story.is_busy(story.now));
    story.end("3");
    CHECK_FALSE(story.is_busy(story.now));
}

TEST_CASE("a page out of the browser's memory is there at once") {
    Story story;
    story.tell("Page.frameStartedLoading", R"({"frameId":"main"})");
    story.tell("Page.frameNavigated",
               R"({"frame":{"id":"main","loaderId":"one"},"type":"BackForwardCacheRestore"})");
    CHECK_FALSE(story.is_busy(story.now));
}

TEST_CASE("what a frame asked for ends with it, and with its session") {
    Story story;
    story.ask("1", "Image", "inner");
    story.tell("Page.frameDetached", R"({"frameId":"inner","reason":"remove"})");
    CHECK_FALSE(story.is_busy(story.now));
    story.tell(
        "Network.requestWillBeSent",
        R"({"requestId":"1","type":"Image","frameId":"far","loaderId":"x","request":{"url":"http://b/"}})",
        "far session");
    // The same number in another session is another request, and a frame that moved to another process lives.
    story.end("1");
    story.tell("Page.frameDetached", R"({"frameId":"far","reason":"swap"})");
    CHECK(story.is_busy(story.now));
    story.flight.forget_session("far session");
    CHECK_FALSE(story.is_busy(story.now));
}

TEST_CASE("an answer that stops coming is given up, and a script's that comes for long") {
    for (const std::string_view type : {"Fetch", "XHR", "Script", "Image"}) {
        CAPTURE(type);
        Story story;
        const auto since = story.now;
        story.ask("1", type);
        story.after(10s);
        CHECK(story.is_busy(since));
        story.tell("Network.responseReceived", R"({"requestId":"1"})");
        for (int part = 0; part < 5; ++part) {
            story.after(200ms);
            CHECK(story.is_busy(since));
            story.tell("Network.dataReceived", R"({"requestId":"1"})");
        }
        story.after(1ms);
        CHECK(story.is_busy(since) == (type == "Script" || type == "Image"));
        story.after(Flight::pause_patience);
        CHECK_FALSE(story.is_busy(since));
    }
}

TEST_CASE("the script of a worker is not awaited: its end is told to others") {
    Story story;
    story.ask("1", "Script", "main", "");
    CHECK_FALSE(story.is_busy(story.now));
}

TEST_CASE(
    "what a page asks for by itself again and again is a poll; what it asks for when somebody acts is not") {
    Story story;
    const auto ask = [&](std::string_view id, std::string_view url, std::string_view body = "") {
        story.tell("Network.requestWillBeSent",
                   json::to_text(json::Object{
                       {"requestId", id},
                       {"type", "Fetch"},
                       {"frameId", "main"},
                       {"loaderId", "one"},
                       {"request", json::Object{{"url", url}, {"method", "POST"}, {"postData", body}}}}));
    };
    const auto asks_alone = [&] {
        for (const std::string_view id : {"1", "2", "3"}) {
            ask(id, "http://a/poll?n=1", "news");
            story.end(id);
            story.after(1s);
        }
    };
    const auto is_awaited = [&](std::string_view url, std::string_view body = "") {
        const auto since = story.now;
        story.flight.hold();
        ask("9", url, body);
        const bool is_busy = story.is_busy(since);
        story.end("9");
        story.flight.release(story.now);
        return is_busy;
    };
    // What a page asks for while it comes is no poll, nor what it asks for soon after somebody acted.
    story.tell("Page.frameNavigated", R"({"frame":{"id":"main","loaderId":"one"},"type":"Navigation"})");
    story.after(1s);
    ask("1", "http://a/poll", "news");
    ask("2", "http://a/poll", "news");
    CHECK(is_awaited("http://a/poll", "news"));
    story.after(1s);
    ask("3", "http://a/poll", "news");
    ask("4", "http://a/poll", "news");
    CHECK(is_awaited("http://a/poll", "news"));
    for (const auto* id : {"1", "2", "3", "4"}) story.end(id);

    story.after(10s);
    asks_alone();
    CHECK_FALSE(is_awaited("http://a/poll?n=2", "news"));
    CHECK(is_awaited("http://a/poll?n=2", "what was clicked"));
    CHECK(is_awaited("http://a/next"));
    // What was a poll long ago may be meant now, and another document asks for other things.
    story.after(61s);
    CHECK(is_awaited("http://a/poll", "news"));
    story.after(10s);
    asks_alone();
    CHECK_FALSE(is_awaited("http://a/poll", "news"));
    story.tell("Page.frameNavigated", R"({"frame":{"id":"main","loaderId":"one"},"type":"Navigation"})");
    CHECK(is_awaited("http://a/poll", "news"));
}

TEST_CASE("a socket's answer is awaited, for a while, and of one that gives none not again") {
    Story story;
    const auto socket = [&](std::string_view what, std::string_view id = "1") {
        story.tell("Network.webSocket" + std::string{what}, json::to_text(json::Object{{"requestId", id}}));
    };
    socket("Created");
    const auto since = story.now;
    CHECK_FALSE(story.is_busy(since));
    socket("FrameSent");
    CHECK(story.is_busy(since));
    socket("FrameReceived");
    CHECK_FALSE(story.is_busy(since));
    socket("FrameSent");
    story.after(1ms);
    CHECK_FALSE(story.is_busy(story.now));  // not of who comes later
    CHECK(story.is_busy(since));
    socket("Closed");
    CHECK_FALSE(story.is_busy(since));

    socket("FrameSent", "2");
    story.after(Flight::socket_patience + 1ms);
    CHECK_FALSE(story.is_busy(since));
    const auto later = story.now;
    socket("FrameSent", "2");
    CHECK_FALSE(story.is_busy(later));
    socket("FrameReceived", "2");
    socket("FrameReceived", "2");
    socket("FrameSent", "2");
    CHECK(story.is_busy(later));
    for (int number = 0; number < 1000; ++number) socket("FrameSent", std::to_string(number));
    story.flight.clear();
    CHECK_FALSE(story.is_busy(since));
}

TEST_CASE("events that are odd or without number harm nothing, and their number is bounded") {
    Story story;
    for (const auto* method :
         {"Network.requestWillBeSent", "Network.loadingFinished", "Network.responseReceived",
          "Page.frameNavigated", "Page.frameDetached", "Page.frameStartedLoading", "Unknown.event"})
        for (const auto* params :
             {"null", "[]", "{}", R"({"frame":1,"requestId":2,"frameId":[],"type":"Fetch"})"})
            story.tell(method, params);
    for (int number = 0; number < 10'000; ++number)
        story.ask(std::to_string(number), "Fetch", "main", "one", "http://a/" + std::to_string(number));
    for (int number = 0; number < 10'000; ++number) story.end(std::to_string(number));
    story.flight.clear();
    CHECK_FALSE(story.is_busy(story.now));
}
