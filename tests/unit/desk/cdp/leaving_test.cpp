#include "desk/cdp/leaving.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "desk/cdp/navigation.hpp"
#include "tests/fakes/fake_browser.hpp"
#include "tests/fakes/reason_of.hpp"

using namespace carrel;
using namespace carrel::desk;
using namespace carrel::desk::cdp;
using fakes::FakeBrowser;
using fakes::reason_of;
using namespace std::chrono_literals;

namespace {

/// A browser with one tab T, whose session is S. Runs `test(executor, browser, tab)`.
template <class Test>
void with_tab(Test test) {
    fakes::with_cdp([&](FakeBrowser& browser, Cdp& cdp) -> async::Task<> {
        browser.on("Target.attachToTarget", json::Object{{"sessionId", "S"}});
        Tabs tabs{browser.executor(), cdp,
                  []() -> async::Task<std::vector<std::string>> { co_return std::vector<std::string>{"T"}; }};
        co_await test(browser.executor(), browser, co_await tabs.get("T"));
    });
}

void crash_when_asked(FakeBrowser& browser) {
    browser.on("Page.crash", [&](const FakeBrowser::Call&) -> std::optional<json::Value> {
        browser.emit("Target.targetCrashed", {{"targetId", "T"}});
        return std::nullopt;
    });
}

std::optional<json::Value> no_answer(const FakeBrowser::Call&) { return std::nullopt; }

std::size_t count(const FakeBrowser& browser, std::string_view method) {
    return static_cast<std::size_t>(
        std::ranges::count(browser.calls, method, [](const auto& call) { return call.method; }));
}

}  // namespace

TEST_CASE("a page that answers is left as it is") {
    with_tab([](async::Executor, FakeBrowser& browser, std::shared_ptr<Tab> tab) -> async::Task<> {
        co_await free_page(*tab, 5s);
        CHECK(count(browser, "Runtime.evaluate") == 1);
        CHECK(count(browser, "Page.crash") == 0);
    });
}

TEST_CASE("a page that hangs is ended, what it was loading first, and is then known to have crashed") {
    with_tab([](async::Executor, FakeBrowser& browser, std::shared_ptr<Tab> tab) -> async::Task<> {
        browser.on("Runtime.evaluate", no_answer);
        crash_when_asked(browser);
        co_await free_page(*tab, 20ms);
        CHECK(count(browser, "Page.stopLoading") == 1);
        CHECK(tab->has_crashed());
        co_await free_page(*tab, 20ms);  // nothing is left to end
        CHECK(count(browser, "Page.crash") == 1);
    });
}

TEST_CASE("dialogs are dismissed before a page is left; one that opens them without end is ended") {
    with_tab([](async::Executor, FakeBrowser& browser, std::shared_ptr<Tab> tab) -> async::Task<> {
        int dialogs = 0, most = 1;
        const auto open = [&] {
            if (++dialogs <= most) browser.emit("Page.javascriptDialogOpening", {{"type", "alert"}}, "S");
        };
        browser.on("Page.handleJavaScriptDialog",
                   [&](const FakeBrowser::Call&) -> std::optional<json::Value> {
                       browser.emit("Page.javascriptDialogClosed", {}, "S");
                       open();
                       return json::Object{};
                   });
        crash_when_asked(browser);
        open();
        co_await reason_of(tab->call("Page.getNavigationHistory"));  // by now the dialog is known
        REQUIRE(tab->dialog());
        co_await free_page(*tab, 5s);
        CHECK(!tab->dialog());
        CHECK(count(browser, "Page.crash") == 0);
        dialogs = 0;
        most = 1000;
        open();
        co_await reason_of(tab->call("Page.getNavigationHistory"));
        co_await free_page(*tab, 5s);
        CHECK(tab->has_crashed());
        CHECK(dialogs < 10);
    });
}

TEST_CASE("the question whether to leave is not answered for whom it is asked") {
    with_tab([](async::Executor, FakeBrowser& browser, std::shared_ptr<Tab> tab) -> async::Task<> {
        browser.emit("Page.javascriptDialogOpening", {{"type", "beforeunload"}}, "S");
        co_await reason_of(tab->call("Page.getNavigationHistory"));
        co_await free_page(*tab, 5s);
        CHECK(tab->dialog());
        CHECK(count(browser, "Page.handleJavaScriptDialog") == 0);
        CHECK(count(browser, "Page.crash") == 0);
    });
}

TEST_CASE("a page that asks whether to leave is not left: the question is the answer, at once") {
    with_tab([](async::Executor executor, FakeBrowser& browser, std::shared_ptr<Tab> tab) -> async::Task<> {
        browser.emit("Page.javascriptDialogOpening", {{"type", "beforeunload"}}, "S");
        co_await reason_of(tab->call("Page.getNavigationHistory"));
        browser.on("Page.getNavigationHistory",
                   core::value_or_throw(json::parse(R"({"currentIndex":1,"entries":[{"id":1},{"id":2}]})")));
        CHECK(co_await reason_of(navigate(executor, tab, "http://x.test/", "load", 1h)) == "dialog_open");
        CHECK(co_await reason_of(go_in_history(executor, tab, -1, 1h)) == "dialog_open");
        CHECK(co_await reason_of(reload(executor, tab, 1h)) == "dialog_open");
        CHECK(count(browser, "Page.navigate") == 0);
        CHECK(tab->dialog());
        CHECK(!tab->input().is_taken());
    });
}

TEST_CASE("http is tried where https is not served, and only there") {
    with_tab([](async::Executor executor, FakeBrowser& browser, std::shared_ptr<Tab> tab) -> async::Task<> {
        std::string failure = "net::ERR_CONNECTION_REFUSED", asked;
        browser.on("Page.navigate", [&](const FakeBrowser::Call& call) -> std::optional<json::Value> {
            const auto url = json::text_or(call.params, "url");
            asked += std::string{url} + " ";
            if (url.starts_with("https:")) return json::Object{{"errorText", failure}};
            return json::Object{{"frameId", "T"}, {"loaderId", "L"}};
        });
        const std::vector<std::string> urls{"https://x.test", "http://x.test"};
        CHECK(co_await reason_of(navigate_first(executor, tab, urls, "commit", 1h)) == "");
        CHECK(asked == "https://x.test http://x.test ");
        for (const auto* other : {"net::ERR_CERT_DATE_INVALID", "net::ERR_NAME_NOT_RESOLVED"}) {
            failure = other;
            asked.clear();
            CHECK(co_await reason_of(navigate_first(executor, tab, urls, "commit", 1h)) == "not_loaded");
            CHECK(asked == "https://x.test ");
        }
    });
}

TEST_CASE("http is tried where https says nothing, and not for a page of https that does not become ready") {
    with_tab([](async::Executor executor, FakeBrowser& browser, std::shared_ptr<Tab> tab) -> async::Task<> {
        bool is_silent = true;
        std::string asked;
        browser.on("Page.navigate", [&](const FakeBrowser::Call& call) -> std::optional<json::Value> {
            const auto url = json::text_or(call.params, "url");
            asked += std::string{url} + " ";
            if (is_silent && url.starts_with("https:")) return std::nullopt;
            return json::Object{{"frameId", "T"}, {"loaderId", "L"}};
        });
        const std::vector<std::string> urls{"https://x.test/?q=ERR_SSL_", "http://x.test"};
        CHECK(co_await reason_of(navigate_first(executor, tab, urls, "commit", 2s)) == "");
        CHECK(asked == "https://x.test/?q=ERR_SSL_ http://x.test ");
        is_silent = false;
        asked.clear();
        CHECK(co_await reason_of(navigate_first(executor, tab, urls, "networkidle", 500ms)) ==
              "page_not_loaded");
        CHECK(asked == "https://x.test/?q=ERR_SSL_ ");
    });
}

TEST_CASE("a turn that others keep is waited for within a time") {
    with_tab([](async::Executor, FakeBrowser&, std::shared_ptr<Tab> tab) -> async::Task<> {
        {
            const auto turn = co_await tab->take_turn(1h);
            const auto waits = [&]() -> async::Task<> { co_await tab->take_turn(10ms); };
            CHECK(co_await reason_of(waits()) == "page_busy");
            CHECK(tab->input().is_taken());
        }
        co_await tab->take_turn(0ms);
        CHECK(!tab->input().is_taken());
    });
}

TEST_CASE("who leaves a page waits for who acts on it, but not for ever") {
    with_tab([](async::Executor executor, FakeBrowser& browser, std::shared_ptr<Tab> tab) -> async::Task<> {
        browser.on("Page.navigate", json::Object{{"frameId", "T"}, {"loaderId", "L"}});
        const auto turn = co_await tab->input().take();
        CHECK(!co_await tab->input().take_within(1ms));
        CHECK(co_await reason_of(navigate(executor, tab, "http://x.test/", "commit", 400ms)) == "");
        CHECK(tab->input().is_taken());
    });
}

TEST_CASE("a navigation from a page that hangs arrives, and keeps to its own time") {
    with_tab([](async::Executor executor, FakeBrowser& browser, std::shared_ptr<Tab> tab) -> async::Task<> {
        browser.on("Runtime.evaluate", no_answer);
        crash_when_asked(browser);
        bool arrives = true;
        browser.on("Page.navigate", [&](const FakeBrowser::Call&) -> std::optional<json::Value> {
            CHECK(tab->has_crashed());
            if (arrives)
                browser.emit("Page.lifecycleEvent", {{"frameId", "T"}, {"loaderId", "L"}, {"name", "load"}},
                             "S");
            return json::Object{{"frameId", "T"}, {"loaderId", "L"}};
        });
        CHECK(co_await reason_of(navigate(executor, tab, "http://x.test/", "load", 4s)) == "");
        arrives = false;
        CHECK(co_await reason_of(navigate(executor, tab, "http://x.test/", "load", 200ms)) ==
              "page_not_loaded");
    });
}

TEST_CASE("a tab that the browser cannot take back says so; one between two pages is waited for") {
    with_tab([](async::Executor, FakeBrowser& browser, std::shared_ptr<Tab> tab) -> async::Task<> {
        int refused = 0;
        browser.on("Page.getNavigationHistory", [&](const FakeBrowser::Call&) -> std::optional<json::Value> {
            if (refused++ == 0) throw core::Error{core::Code::invalid, "Not attached to an active page"};
            return json::Object{{"currentIndex", 3}};
        });
        const auto history = co_await tab->call("Page.getNavigationHistory");
        CHECK(json::find(history, "currentIndex") != nullptr);
        refused = 0;
        browser.on("Runtime.evaluate", no_answer);
        CHECK(co_await reason_of(tab->call("Page.getNavigationHistory")) == "page_stuck");
    });
}
