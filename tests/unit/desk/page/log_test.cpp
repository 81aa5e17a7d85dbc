#include "desk/page/log.hpp"

#include <doctest/doctest.h>

#include "desk/page/downloads.hpp"
#include "desk/page/references.hpp"

using namespace carrel;
using namespace carrel::desk;
using namespace carrel::desk::page;

namespace {

json::Value parsed(std::string_view text) { return core::value_or_throw(json::parse(text)); }

json::Value said(std::string_view type, std::string_view args) {
    return parsed(
        R"({"type":")" + std::string{type} + R"(","args":)" + std::string{args} +
        R"(,"timestamp":1000,"stackTrace":{"callFrames":[{"url":"https://u:p@x.test/a.js?q=1","lineNumber":4}]}})");
}

json::Value sent(int id, std::string_view url = "https://x.test/") {
    return parsed(R"({"requestId":"r)" + std::to_string(id) +
                  R"(","loaderId":"L","frameId":"F","timestamp":10,"wallTime":1700000000,
        "type":"Document","request":{"method":"POST","url":")" +
                  std::string{url} +
                  R"(","headers":{"Authorization":"Bearer secret"},"postData":"secret"}})");
}

}  // namespace

TEST_CASE("the console is told as it is read there") {
    ConsoleLog log;
    CHECK(log.take("Runtime.consoleAPICalled",
                   said("log", R"([{"type":"string","value":"a"},{"type":"number","value":1.5},
        {"type":"undefined"},{"type":"object","description":"Object","preview":{"properties":[{"name":"a","type":"number","value":"1"},
        {"name":"b","type":"string","value":"x"}],"overflow":false}},{"type":"number","unserializableValue":"NaN","description":"NaN"}])")));
    CHECK(log.take("Runtime.exceptionThrown",
                   parsed(R"({"timestamp":2,"exceptionDetails":{"text":"Uncaught","url":"https://x.test/b.js",
        "lineNumber":0,"exception":{"type":"object","subtype":"error","description":"TypeError: no\n    at b.js:1"}}})")));
    CHECK(
        log.take("Log.entryAdded",
                 parsed(R"({"entry":{"level":"warning","text":"slow\u202e\u0000network","timestamp":3}})")));
    CHECK_FALSE(log.take("Page.loadEventFired", parsed("{}")));
    REQUIRE(log.entries().size() == 3);
    CHECK(to_line(log.entries()[0]) ==
          R"([log] a 1.5 undefined {a: 1, b: "x"} NaN (https://x.test/a.js?q=1:5))");
    CHECK(to_line(log.entries()[1]) == "[error] Uncaught TypeError: no at b.js:1 (https://x.test/b.js:1)");
    CHECK(to_line(log.entries()[2]) == "[warning] slow network");
    CHECK(is_error(log.entries()[1]));
    CHECK(log.entries()[2].number == 3);
}

TEST_CASE("what a browser tells again to a new attachment is not taken twice") {
    ConsoleLog log;
    const auto said_at = [&](int time) {
        log.take("Log.entryAdded",
                 {{"entry", {{"level", "info"}, {"text", std::to_string(time)}, {"timestamp", time}}}});
    };
    for (const int time : {10, 30, 20}) said_at(time);
    REQUIRE(log.entries().size() == 3);
    log.clear();
    log.attach();
    for (const int time : {10, 30, 20, 40}) said_at(time);
    REQUIRE(log.entries().size() == 1);
    CHECK(log.entries().front().text == "40");
}

TEST_CASE("a console that is flooded keeps the last messages, in bounds") {
    ConsoleLog log;
    for (int i = 0; i < 3000; ++i)
        log.take("Runtime.consoleAPICalled",
                 said("log", R"([{"type":"string","value":")" + std::string(5'000, 'x') + R"("}])"));
    std::size_t bytes = 0;
    for (const auto& entry : log.entries()) bytes += entry.text.size();
    CHECK(bytes <= 600'000);
    CHECK(log.entries().size() <= 1000);
    CHECK(log.entries().back().number == 3000);
    CHECK(log.last_number() == 3000);
    log.clear();
    CHECK(log.entries().empty());
    log.take("Runtime.consoleAPICalled", said("log", "[]"));
    CHECK(log.entries().front().number == 3001);
    for (const char* odd : {"{}", "null", "[]", R"({"args":7})", R"({"args":[null,3,{}]})"})
        CHECK(log.take("Runtime.consoleAPICalled", parsed(odd)));
}

TEST_CASE("a request is followed from sending to its end, without its secrets") {
    NetworkLog log;
    log.take("Network.requestWillBeSent", sent(1, "https://user:secret@x.test/a"));
    CHECK(to_line(log.entries()[0]) == "POST https://x.test/a (pending)");
    log.take(
        "Network.responseReceived",
        parsed(
            R"({"requestId":"r1","timestamp":10.05,"response":{"status":404,"mimeType":"text/html","headers":{"Set-Cookie":"secret"}}})"));
    log.take("Network.loadingFinished",
             parsed(R"({"requestId":"r1","timestamp":10.1,"encodedDataLength":1234})"));
    const auto& entry = log.entries()[0];
    CHECK(to_line(entry) == "POST https://x.test/a 404 text/html 100 ms");
    CHECK(entry.bytes == 1234);
    CHECK(entry.type == "document");
    CHECK(is_error(entry));
    CHECK(log.document_status("F", "L") == 404);
    CHECK_FALSE(log.document_status("F", "other").has_value());
}

TEST_CASE("each hop of a redirect is a request, and a failure says why") {
    NetworkLog log;
    log.take("Network.requestWillBeSent", sent(1));
    auto second = sent(1, "https://x.test/b");
    second.as_object()["timestamp"] = 10.02;
    second.as_object()["redirectResponse"] = parsed(R"({"status":302,"mimeType":"","encodedDataLength":50})");
    log.take("Network.requestWillBeSent", second);
    log.take("Network.loadingFailed",
             parsed(R"({"requestId":"r1","timestamp":11,"errorText":"net::ERR_FAILED","canceled":false})"));
    REQUIRE(log.entries().size() == 2);
    CHECK(to_line(log.entries()[0]) == "POST https://x.test/ 302 20 ms");
    CHECK(log.entries()[1].failure == "net::ERR_FAILED");
    CHECK(is_error(log.entries()[1]));
    CHECK_FALSE(is_error(log.entries()[0]));
}

TEST_CASE("requests without end stay in bounds") {
    NetworkLog log;
    for (int i = 0; i < 2000; ++i)
        log.take("Network.requestWillBeSent", sent(i, "https://x.test/" + std::string(100'000, 'y')));
    CHECK(log.entries().size() == 500);
    CHECK(log.entries().back().number == 2000);
    CHECK(log.entries().back().url.size() <= 2'000);
    for (const char* odd : {"{}", "null", R"({"requestId":7})", R"({"requestId":"r1999","response":null})"})
        for (const char* event : {"Network.requestWillBeSent", "Network.responseReceived",
                                  "Network.loadingFinished", "Network.loadingFailed"})
            CHECK(log.take(event, parsed(odd)));
}

TEST_CASE("addresses are told without what is secret or huge in them") {
    CHECK(safe_url("https://u:p@x.test/a@b") == "https://x.test/a@b");
    CHECK(safe_url("https://x.test?u=a@b") == "https://x.test?u=a@b");
    CHECK(safe_url("https://u@x.test") == "https://x.test");
    CHECK(safe_url("data:image/png;base64,AAAA") == "data:image/png;base64");
    CHECK(safe_url("about:blank") == "about:blank");
    CHECK(safe_url("") == "");
}

TEST_CASE("a download is listed from its beginning to its end") {
    DownloadList list;
    CHECK(list.take("Browser.downloadWillBegin",
                    parsed(R"({"guid":"g1","url":"https://u:p@x.test/f","suggestedFilename":"a\nb.txt"})")));
    CHECK(list.take("Browser.downloadWillBegin",
                    parsed(R"({"guid":"g2","url":"https://x.test/g","suggestedFilename":"g"})")));
    const auto begun = list.last_change();
    CHECK(list.take("Browser.downloadProgress",
                    parsed(R"({"guid":"g1","receivedBytes":5,"totalBytes":10,"state":"inProgress"})")));
    CHECK(list.last_change() == begun);
    CHECK(list.all()[0].received == 5);
    list.take(
        "Browser.downloadProgress",
        parsed(
            R"({"guid":"g1","receivedBytes":10,"totalBytes":10,"state":"completed","filePath":"/home/agent/Downloads/a"})"));
    list.take("Browser.downloadProgress",
              parsed(R"({"guid":"g2","receivedBytes":0,"totalBytes":0,"state":"canceled"})"));
    CHECK(list.all()[0].state == Download::State::completed);
    CHECK(list.all()[0].path == "/home/agent/Downloads/a");
    CHECK(list.all()[0].name == "a b.txt");
    CHECK(list.all()[0].url == "https://x.test/f");
    CHECK(list.all()[1].state == Download::State::failed);
    CHECK(list.last_change() > begun);
    CHECK_FALSE(list.take("Browser.downloadProgress", parsed(R"({"guid":"unknown"})")));
    CHECK_FALSE(list.take("Browser.downloadWillBegin", parsed("{}")));
    for (int i = 0; i < 1000; ++i)
        list.take("Browser.downloadWillBegin", parsed(R"({"guid":"x)" + std::to_string(i) + R"("})"));
    CHECK(list.all().size() == 200);
}

TEST_CASE("a reference leads to the document in which it was given out") {
    PageReferences references;
    const PageDocument first{"F1", "token 1"};
    const PageDocument second{"F2", "token 2"};
    CHECK_FALSE(references.find(1).has_value());
    references.add(4, first);
    references.add(6, second);
    references.add(6, first);  // nothing new
    references.add(8, first);
    for (const int number : {1, 3, 6, 7}) CHECK(references.find(number) == first);
    for (const int number : {4, 5}) CHECK(references.find(number) == second);
    for (const int number : {-1, 0, 8, 1000}) CHECK_FALSE(references.find(number).has_value());
    CHECK(references.next() == 8);
    for (int i = 0; i < 10'000; ++i) references.add(references.next() + 1, i % 2 ? first : second);
    CHECK_FALSE(references.find(1).has_value());  // long ago
    CHECK(references.find(references.next() - 1).has_value());
}
