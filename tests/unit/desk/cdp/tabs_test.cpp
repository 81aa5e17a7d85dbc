#include "desk/cdp/tabs.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "desk/cdp/navigation.hpp"
#include "tests/fakes/reason_of.hpp"
#include "tests/unit/desk/cdp/tabs_world.hpp"

using namespace carrel;
using namespace carrel::desk;
using namespace carrel::desk::cdp;
using fakes::reason_of;
using namespace std::chrono_literals;

TEST_CASE("tabs are listed in the order in which they were opened, the one in front is told") {
    with_tabs([](World& world) -> async::Task<> {
        world.targets.insert(world.targets.begin(), info("D", "tools"));
        world.targets.front()["url"] = "devtools://devtools/x.html";
        auto list = co_await world.tabs.list();
        REQUIRE(list.size() == 2);
        CHECK(list[0].title == "first");
        CHECK(!list[0].is_active);
        CHECK(list[1].is_active);
        world.targets.insert(world.targets.begin(), info("C", "third"));
        world.order = {"C"};
        list = co_await world.tabs.list();
        REQUIRE(list.size() == 3);
        CHECK(list[2].id == "C");
        CHECK(list[2].is_active);
        world.browser.emit("Target.targetDestroyed", {{"targetId", "A"}});
        world.targets.erase(world.targets.begin() + 2);
        list = co_await world.tabs.list();
        CHECK(list.size() == 2);
        CHECK(list[0].id == "B");
    });
}

TEST_CASE("a tab that is opened is listened to at once, and its dialog is known whoever acts") {
    with_tabs([](World& world) -> async::Task<> {
        co_await world.tabs.list();
        CHECK(world.tabs.find_asking().empty());
        world.browser.emit("Target.targetCreated", {{"targetInfo", info("C", "popup")}});
        const auto attached = co_await world.browser.next("Target.attachToTarget");
        CHECK(json::text_or(attached.params, "targetId") == "C");
        CHECK((co_await world.browser.next("Page.enable")).session == "session-C");
        world.browser.emit("Page.javascriptDialogOpening", {{"type", "alert"}, {"message", "hi"}},
                           "session-C");
        co_await world.tabs.list();
        CHECK(world.tabs.find_asking() == std::vector<std::string>{"C"});
        CHECK(world.tabs.is_attached("C"));
        CHECK(!world.tabs.is_attached("A"));
    });
}

TEST_CASE("a browser without a tab says so") {
    with_tabs([](World& world) -> async::Task<> {
        world.targets.clear();
        CHECK((co_await world.tabs.list()).empty());
        CHECK(co_await reason_of(world.tabs.get(std::nullopt)) == "no_tab");
    });
}

TEST_CASE("the first tab of a browser that starts is waited for") {
    with_tabs([](World& world) -> async::Task<> {
        world.targets.clear();
        CHECK(!co_await world.tabs.wait_for_tab(10ms));
        bool is_there = false;
        const auto wait = [&]() -> async::Task<> { is_there = co_await world.tabs.wait_for_tab(5s); };
        const auto appear = [&]() -> async::Task<> {
            co_await async::yield_turn();
            world.browser.emit("Target.targetCreated", {{"targetInfo", info("A", "late")}});
        };
        co_await both(wait(), appear());
        CHECK(is_there);
    });
}

TEST_CASE("a tab is attached to once, for many at the same time, and again when it is gone") {
    with_tabs([](World& world) -> async::Task<> {
        std::shared_ptr<Tab> one, other;
        const auto take = [&](std::shared_ptr<Tab>& into) -> async::Task<> {
            into = co_await world.tabs.get("A");
        };
        co_await both(take(one), take(other));
        CHECK(one == other);
        CHECK(one->session() == "session-A");
        CHECK(co_await reason_of(world.tabs.get("nowhere")) == "no_such_tab");
        world.browser.emit("Target.detachedFromTarget", {{"sessionId", "session-A"}});
        const auto again = co_await world.tabs.get("B");
        CHECK(!one->is_open());
        CHECK(co_await reason_of(one->call("Runtime.evaluate")) == "tab_gone");
        CHECK((co_await world.tabs.get("A")) != one);
    });
}

TEST_CASE("what waits for a tab that ends is told so, whichever others are attached to") {
    for (const std::string ending : {"A", "B"}) {
        with_tabs([&](World& world) -> async::Task<> {
            co_await world.tabs.get("A");
            co_await world.tabs.get("B");
            const auto tab = co_await world.tabs.get(ending);
            world.browser.on("Runtime.evaluate", [](const FakeBrowser::Call&) { return std::nullopt; });
            std::string reason;
            const auto ask = [&]() -> async::Task<> {
                reason = co_await reason_of(tab->call("Runtime.evaluate"));
            };
            const auto end = [&]() -> async::Task<> {
                co_await world.browser.next("Runtime.evaluate");
                world.browser.emit("Target.detachedFromTarget", {{"sessionId", "session-" + ending}});
            };
            co_await both(ask(), end());
            CHECK(reason == "tab_gone");
        });
    }
}

TEST_CASE("many that attach to a tab of a browser that refuses share its answer") {
    with_tabs([](World& world) -> async::Task<> {
        std::string one, other;
        const auto take = [&](std::string& reason) -> async::Task<> {
            reason = co_await reason_of(world.tabs.get("nowhere"));
        };
        co_await both(take(one), take(other));
        CHECK(one == "no_such_tab");
        CHECK(other == "no_such_tab");
        CHECK(std::ranges::count(world.browser.calls, "Target.attachToTarget", &FakeBrowser::Call::method) ==
              1);
    });
}

TEST_CASE("a dialog ends the calls that wait for the page, and refuses new ones until it is closed") {
    with_tabs([](World& world) -> async::Task<> {
        const auto tab = co_await world.tabs.get("A");
        world.browser.on("Runtime.evaluate", [](const FakeBrowser::Call&) { return std::nullopt; });
        std::string reason;
        const auto ask = [&]() -> async::Task<> {
            reason = co_await reason_of(tab->call("Runtime.evaluate"));
        };
        const auto open = [&]() -> async::Task<> {
            co_await world.browser.next("Runtime.evaluate");
            world.browser.emit("Page.javascriptDialogOpening", {{"type", "alert"}, {"message", "hi"}},
                               "session-A");
        };
        co_await both(ask(), open());
        CHECK(reason == "dialog_open");
        REQUIRE(tab->dialog());
        CHECK(tab->dialog()->message == "hi");
        CHECK(co_await reason_of(tab->call("Runtime.evaluate")) == "dialog_open");
        CHECK(co_await reason_of(tab->call("Page.handleJavaScriptDialog")) == "");
        world.browser.emit("Page.javascriptDialogClosed", {}, "session-A");
        world.browser.on("Runtime.evaluate", json::Object{});
        co_await world.cdp.call({}, "Browser.getVersion");
        CHECK(co_await reason_of(tab->call("Runtime.evaluate")) == "");
    });
}

TEST_CASE("a crash ends what waits at once; what revives the page goes through") {
    with_tabs([](World& world) -> async::Task<> {
        const auto tab = co_await world.tabs.get("A");
        world.browser.on("Runtime.evaluate", [](const FakeBrowser::Call&) { return std::nullopt; });
        std::string reason;
        const auto ask = [&]() -> async::Task<> {
            reason = co_await reason_of(tab->call("Runtime.evaluate"));
        };
        const auto crash = [&]() -> async::Task<> {
            co_await world.browser.next("Runtime.evaluate");
            world.browser.emit("Target.targetCrashed", {{"targetId", "A"}});
        };
        co_await both(ask(), crash());
        CHECK(reason == "page_crashed");
        CHECK(co_await reason_of(tab->call("Runtime.evaluate")) == "page_crashed");
        CHECK(co_await reason_of(tab->call("Page.reload")) == "");
        world.browser.emit("Page.frameNavigated", {{"frame", {{"id", "A"}}}}, "session-A");
        world.browser.on("Runtime.evaluate", json::Object{});
        co_await world.cdp.call({}, "Browser.getVersion");
        CHECK(co_await reason_of(tab->call("Runtime.evaluate")) == "");
    });
}

TEST_CASE("who does not answer is told: the page, or the whole browser") {
    with_tabs([](World& world) -> async::Task<> {
        const auto tab = co_await world.tabs.get("A");
        world.browser.on("Runtime.evaluate", [](const FakeBrowser::Call&) { return std::nullopt; });
        CHECK(co_await reason_of(tab->call("Runtime.evaluate", {}, 20ms)) == "page_busy");
        world.browser.on("Browser.getVersion", [](const FakeBrowser::Call&) { return std::nullopt; });
        CHECK(co_await reason_of(tab->call("Runtime.evaluate", {}, 20ms)) == "browser_hung");
    });
}

TEST_CASE("frames of other processes come and go with their sessions, as many as are bounded") {
    with_tabs([](World& world) -> async::Task<> {
        const auto tab = co_await world.tabs.get("A");
        int heard = 0;
        const auto events =
            tab->subscribe([&](const CdpEvent& event) { heard += event.method == "Runtime.x"; });
        for (int i = 0; i < 300; ++i)
            world.browser.emit("Target.attachedToTarget",
                               {{"sessionId", "F" + std::to_string(i)},
                                {"targetInfo", info("frame-" + std::to_string(i), "", "iframe")}},
                               "session-A");
        world.browser.emit("Target.attachedToTarget",
                           {{"sessionId", "W"}, {"targetInfo", info("w", "", "worker")}}, "session-A");
        world.browser.emit("Runtime.x", {}, "F0");
        world.browser.emit("Runtime.x", {}, "session-A");
        world.browser.emit("Runtime.x", {}, "of-another");
        co_await world.cdp.call({}, "Browser.getVersion");
        CHECK(tab->remote_frames().size() == 200);
        CHECK(tab->remote_frames()[0].id == "frame-0");
        CHECK(heard == 2);
        world.browser.emit("Target.detachedFromTarget", {{"sessionId", "F0"}}, "session-A");
        co_await world.cdp.call({}, "Browser.getVersion");
        CHECK(tab->remote_frames().size() == 199);
        CHECK(tab->is_open());
    });
}

TEST_CASE("a script that a navigation ends runs again in the new page; others fail with their text") {
    with_tabs([](World& world) -> async::Task<> {
        const auto tab = co_await world.tabs.get("A");
        int contexts = 0;
        world.browser.on("Page.createIsolatedWorld",
                         [&](const FakeBrowser::Call&) -> std::optional<json::Value> {
                             return json::Object{{"executionContextId", ++contexts}};
                         });
        world.browser.on(
            "Runtime.callFunctionOn", [&](const FakeBrowser::Call& call) -> std::optional<json::Value> {
                if (json::find(call.params, "executionContextId")->to_number<int>() == 1)
                    throw core::Error{core::Code::invalid, "Cannot find context with specified id"};
                return json::Object{{"result", {{"type", "number"}, {"value", 5}}}};
            });
        CHECK(json::to_text(co_await tab->run("() => 5")) == "5");
        CHECK(contexts == 2);
        co_await tab->run("() => 5");
        CHECK(contexts == 2);
        world.browser.on(
            "Runtime.callFunctionOn",
            json::Object{
                {"exceptionDetails", {{"text", "Uncaught"}, {"exception", {{"description", "Error: x"}}}}}});
        CHECK(co_await reason_of(tab->run("() => x")) == "script_failed");
    });
}

TEST_CASE("the end of the browser ends every tab, and the next call begins anew") {
    with_tabs([](World& world) -> async::Task<> {
        const auto tab = co_await world.tabs.get("A");
        int told = 0;
        const auto end = tab->subscribe_to_end([&] { ++told; });
        world.browser.hang_up();
        co_await async::yield_turn();
        co_await async::yield_turn();
        CHECK(!tab->is_open());
        CHECK(told == 1);
        const auto next = co_await world.tabs.get("A");
        CHECK(next != tab);
        CHECK(next->is_open());
    });
}

TEST_CASE("a page is there when its own document has loaded, not another's") {
    with_tabs([](World& world) -> async::Task<> {
        const auto tab = co_await world.tabs.get("A");
        const auto step = [&](std::string_view loader, std::string_view name, std::string_view frame = "A") {
            world.browser.emit("Page.lifecycleEvent",
                               {{"frameId", frame}, {"loaderId", loader}, {"name", name}}, "session-A");
        };
        world.browser.on("Page.navigate", [&](const FakeBrowser::Call& call) -> std::optional<json::Value> {
            const auto url = json::text_or(call.params, "url");
            if (url == "bad:") return json::Object{{"frameId", "A"}, {"errorText", "net::ERR_X"}};
            if (url == "part:") return json::Object{{"frameId", "A"}};
            step("old", "load");
            step("new", "load", "another-frame");
            step("new", "DOMContentLoaded");
            if (url == "good:") step("new", "load");
            return json::Object{{"frameId", "A"}, {"loaderId", "new"}};
        });
        const auto go = [&](std::string url, std::string_view state, std::chrono::milliseconds limit = 10s) {
            return reason_of(navigate(world.executor, tab, std::move(url), state, limit));
        };
        CHECK(co_await go("good:", "load") == "");
        CHECK(co_await go("slow:", "domcontentloaded") == "");
        CHECK(co_await go("slow:", "load", 50ms) == "page_not_loaded");
        CHECK(co_await go("slow:", "commit") == "");
        CHECK(co_await go("part:", "load") == "");
        CHECK(co_await go("bad:", "load") == "not_loaded");
    });
}

TEST_CASE("the way back leads to a page that is kept, or loads one; and has an end") {
    with_tabs([](World& world) -> async::Task<> {
        const auto tab = co_await world.tabs.get("A");
        world.browser.on(
            "Page.getNavigationHistory",
            json::Object{{"currentIndex", 1},
                         {"entries", json::Array{json::Object{{"id", 10}}, json::Object{{"id", 11}}}}});
        world.browser.on(
            "Page.navigateToHistoryEntry", [&](const FakeBrowser::Call&) -> std::optional<json::Value> {
                world.browser.emit(
                    "Page.frameNavigated",
                    {{"type", "BackForwardCacheRestore"}, {"frame", {{"id", "A"}, {"loaderId", "L"}}}},
                    "session-A");
                return json::Object{};
            });
        CHECK(co_await reason_of(go_in_history(world.executor, tab, -1, 1s)) == "");
        CHECK(co_await reason_of(go_in_history(world.executor, tab, 1, 1s)) == "no_such_page");
    });
}
