// What a tab shows beside its page, and the frames in it that have sessions of their own.
#include <doctest/doctest.h>

#include "tests/fakes/reason_of.hpp"
#include "tests/unit/desk/cdp/tabs_world.hpp"

using namespace carrel;
using namespace carrel::desk;
using namespace carrel::desk::cdp;
using fakes::reason_of;

TEST_CASE("a frame's end is that of the frames within it, and never the tab's") {
    with_tabs([](World& world) -> async::Task<> {
        const auto tab = co_await world.tabs.get("A");
        const auto attach = [&](std::string_view id, std::string_view session, std::string_view by) {
            world.browser.emit("Target.attachedToTarget",
                               {{"sessionId", session}, {"targetInfo", info(id, "", "iframe")}}, by);
        };
        attach("outer", "O", "session-A");
        attach("inner", "I", "O");
        attach("innermost", "M", "I");
        attach("other", "X", "session-A");
        co_await world.cdp.call({}, "Browser.getVersion");
        REQUIRE(tab->remote_frames().size() == 4);
        CHECK(tab->remote_frames()[1].parent == "O");
        world.browser.on("Runtime.slow",
                         [](const FakeBrowser::Call&) -> std::optional<json::Value> { return std::nullopt; });
        const auto waits = [&]() -> async::Task<> {
            CHECK(co_await reason_of(tab->call_frame("M", "Runtime.slow")) == "frame_gone");
        };
        const auto detaches = [&]() -> async::Task<> {
            co_await world.browser.next("Runtime.slow");
            world.browser.emit("Target.detachedFromTarget", {{"sessionId", "O"}}, "session-A");
        };
        co_await both(waits(), detaches());
        REQUIRE(tab->remote_frames().size() == 1);
        CHECK(tab->remote_frames()[0].id == "other");
        world.browser.on("Runtime.lost", [](const FakeBrowser::Call&) -> std::optional<json::Value> {
            throw core::Error{core::Code::invalid, "Session with given id not found."};
        });
        CHECK(co_await reason_of(tab->call_frame("X", "Runtime.lost")) == "frame_gone");
        CHECK(tab->is_open());
        CHECK(tab->remote_frames().empty());
        CHECK(co_await reason_of(tab->call("Runtime.lost")) == "tab_gone");
        CHECK(!tab->is_open());
    });
}

TEST_CASE(
    "a print dialog is one of the tab that was used last, is no tab, and is dismissed by its own page") {
    with_tabs([](World& world) -> async::Task<> {
        const auto tab = co_await world.tabs.get("B");
        world.browser.on("Runtime.slow",
                         [](const FakeBrowser::Call&) -> std::optional<json::Value> { return std::nullopt; });
        auto print = info("P", "Print", "other");
        const auto waits = [&]() -> async::Task<> {
            CHECK(co_await reason_of(tab->call("Runtime.slow")) == "dialog_open");
        };
        const auto prints = [&]() -> async::Task<> {
            co_await world.browser.next("Runtime.slow");
            world.browser.emit("Target.targetCreated", {{"targetInfo", print}});
            print["type"] = "page";
            print["url"] = "chrome://print/";
            world.browser.emit("Target.targetInfoChanged", {{"targetInfo", print}});
        };
        co_await both(waits(), prints());
        REQUIRE(tab->dialog());
        CHECK(tab->dialog()->type == "print");
        CHECK(tab->dialog()->message == "second");
        CHECK((co_await world.tabs.list()).size() == 2);
        CHECK(co_await reason_of(tab->answer_dialog({.accepts = true})) == "not_acceptable");
        CHECK(tab->dialog());
        world.browser.calls.clear();
        co_await tab->answer_dialog({});
        CHECK(!tab->dialog());
        const auto closing = co_await world.browser.next("Runtime.evaluate");
        CHECK(closing.session == "session-P");
        CHECK(json::text_or(closing.params, "expression") == "chrome.send('dialogClose')");
        CHECK(co_await reason_of(tab->answer_dialog({})) == "no_dialog");
    });
}

TEST_CASE("a print dialog is one of the tabs that wait for it, whichever was used last") {
    with_tabs([](World& world) -> async::Task<> {
        world.browser.on("Runtime.callFunctionOn",
                         [](const FakeBrowser::Call& call) -> std::optional<json::Value> {
                             const bool is_kept = call.session != "frame-of-A";
                             return json::Object{{"result", {{"type", "boolean"}, {"value", is_kept}}}};
                         });
        // What waits is a frame that another process draws.
        world.browser.on(
            "Target.setAutoAttach", [&](const FakeBrowser::Call& call) -> std::optional<json::Value> {
                if (call.session == "session-A")
                    world.browser.emit("Target.attachedToTarget",
                                       {{"sessionId", "frame-of-A"}, {"targetInfo", info("F", "", "iframe")}},
                                       "session-A");
                return json::Object{};
            });
        auto print = info("P", "Print");
        print["url"] = "chrome://print/";
        world.targets.push_back(print);
        co_await world.tabs.list();
        for (int i = 0; i < 200; ++i) co_await async::yield_turn();
        const auto tab = co_await world.tabs.get("A");
        REQUIRE(tab->dialog());
        CHECK(tab->dialog()->type == "print");
        CHECK(tab->dialog()->message == "first");
        CHECK(!(co_await world.tabs.get("B"))->dialog());
        co_await world.browser.next("Target.detachFromTarget");
        world.browser.emit("Target.targetDestroyed", {{"targetId", "P"}});
        co_await world.cdp.call({}, "Browser.getVersion");
        CHECK(!tab->dialog());
    });
}

TEST_CASE("a print dialog that closes before it can answer is closed") {
    with_tabs([](World& world) -> async::Task<> {
        auto print = info("P", "Print");
        print["url"] = "chrome://print/";
        world.targets.push_back(print);
        co_await world.tabs.list();
        for (int i = 0; i < 200; ++i) co_await async::yield_turn();
        const auto tab = co_await world.tabs.get("B");
        REQUIRE(tab->dialog());
        world.browser.on("Runtime.evaluate", [&](const FakeBrowser::Call&) -> std::optional<json::Value> {
            world.browser.emit("Target.detachedFromTarget", {{"sessionId", "session-P"}});
            return std::nullopt;
        });
        co_await tab->answer_dialog({});
        CHECK(!tab->dialog());
        CHECK(tab->is_open());
    });
}

TEST_CASE("a print dialog that was there before is told to who attaches, and ends with its page") {
    with_tabs([](World& world) -> async::Task<> {
        auto print = info("P", "Print");
        print["url"] = "chrome://print/";
        world.targets.push_back(print);
        co_await world.tabs.list();
        for (int i = 0; i < 200; ++i) co_await async::yield_turn();
        const auto tab = co_await world.tabs.get("B");
        REQUIRE(tab->dialog());
        CHECK(!(co_await world.tabs.get("A"))->dialog());
        // One of the page's own takes its place, and gives it back.
        world.browser.emit("Page.javascriptDialogOpening", {{"type", "alert"}, {"message", "hi"}},
                           "session-B");
        co_await world.cdp.call({}, "Browser.getVersion");
        CHECK(tab->dialog()->type == "alert");
        world.browser.emit("Page.javascriptDialogClosed", {}, "session-B");
        co_await world.cdp.call({}, "Browser.getVersion");
        REQUIRE(tab->dialog());
        CHECK(tab->dialog()->type == "print");
        world.browser.emit("Target.targetDestroyed", {{"targetId", "P"}});
        co_await world.cdp.call({}, "Browser.getVersion");
        CHECK(!tab->dialog());
    });
}

namespace {

/// A server's answer to who has not said who it is, with a page for it to read.
void tell_unauthorized(World& world, std::string_view loader) {
    const json::Object headers{{"Content-Type", "text/html"}, {"www-AUTHENTICATE", "Basic realm=\"Vault\""}};
    world.browser.emit(
        "Network.responseReceived",
        {{"requestId", loader},
         {"frameId", "A"},
         {"type", "Document"},
         {"response", {{"url", "http://x.test:81/a?b"}, {"status", 401}, {"headers", headers}}}},
        "session-A");
}

/// A server that guards its main document and does not like who asks.
void refuse_login(World& world, std::string_view loader) {
    tell_unauthorized(world, loader);
    world.browser.emit(
        "Network.loadingFailed",
        {{"requestId", loader}, {"type", "Document"}, {"errorText", "net::ERR_INVALID_AUTH_CREDENTIALS"}},
        "session-A");
}

/// The browser hands on who asks the navigation for a login.
void ask_for_login(World& world, std::string_view origin, std::string_view source = "Server") {
    world.browser.emit("Fetch.authRequired",
                       {{"requestId", "R"}, {"authChallenge", {{"source", source}, {"origin", origin}}}},
                       "session-A");
}

}  // namespace

TEST_CASE("a server that asks for a login is a dialog, which another page ends") {
    with_tabs([](World& world) -> async::Task<> {
        const auto tab = co_await world.tabs.get("A");
        refuse_login(world, "L1");
        const auto arrive = [&](std::string_view loader) {
            world.browser.emit("Page.frameNavigated", {{"frame", {{"id", "A"}, {"loaderId", loader}}}},
                               "session-A");
        };
        arrive("L1");  // the empty page beneath it
        co_await world.cdp.call({}, "Browser.getVersion");
        REQUIRE(tab->dialog());
        CHECK(tab->dialog()->type == "login");
        CHECK(tab->dialog()->message == "http://x.test:81 (Vault)");
        CHECK(co_await reason_of(tab->call("Runtime.evaluate")) == "dialog_open");
        CHECK(co_await reason_of(tab->answer_dialog({.accepts = true})) == "no_user");
        arrive("L2");
        co_await world.cdp.call({}, "Browser.getVersion");
        CHECK(!tab->dialog());
    });
}

TEST_CASE("a login is answered once, by the navigation that is asked again; in vain it is a dialog again") {
    with_tabs([](World& world) -> async::Task<> {
        const auto tab = co_await world.tabs.get("A");
        refuse_login(world, "L1");
        co_await world.cdp.call({}, "Browser.getVersion");
        bool is_right = true;
        world.browser.on("Page.navigate", [&](const FakeBrowser::Call& call) -> std::optional<json::Value> {
            CHECK(json::text_or(call.params, "url") == "http://x.test:81/a?b");
            world.browser.emit("Fetch.requestPaused", {{"requestId", "R"}}, "session-A");
            ask_for_login(world, "http://X.test:81");
            if (is_right) return json::Object{{"loaderId", "L3"}};
            ask_for_login(world, "http://x.test:81");
            refuse_login(world, "L2");
            return std::nullopt;
        });
        is_right = false;
        co_await tab->answer_dialog({.accepts = true, .user = "ada", .password = "no"});
        CHECK(tab->dialog());
        const auto given = co_await world.browser.next("Fetch.continueWithAuth");
        CHECK(json::to_text(given.params).contains(R"("username":"ada","password":"no")"));
        CHECK(json::to_text((co_await world.browser.next("Fetch.continueWithAuth")).params)
                  .contains("Default"));
        is_right = true;
        co_await tab->answer_dialog({.accepts = true, .user = "ada", .password = "yes"});
        CHECK(!tab->dialog());
        co_await world.browser.next("Fetch.disable");
        co_await world.browser.next("Fetch.disable");
    });
}

TEST_CASE("a login ends also with a page that says itself that nobody may read it") {
    with_tabs([](World& world) -> async::Task<> {
        const auto tab = co_await world.tabs.get("A");
        refuse_login(world, "L1");
        tell_unauthorized(world, "L2");
        co_await world.cdp.call({}, "Browser.getVersion");
        CHECK(tab->dialog());
        world.browser.emit("Page.frameNavigated", {{"frame", {{"id", "A"}, {"loaderId", "L2"}}}},
                           "session-A");
        co_await world.cdp.call({}, "Browser.getVersion");
        CHECK(!tab->dialog());
    });
}

TEST_CASE("a login is given to the server that asked for it, and to nobody on the way there") {
    with_tabs([](World& world) -> async::Task<> {
        const auto tab = co_await world.tabs.get("A");
        refuse_login(world, "L1");
        co_await world.cdp.call({}, "Browser.getVersion");
        world.browser.on("Page.navigate", [&](const FakeBrowser::Call&) -> std::optional<json::Value> {
            ask_for_login(world, "http://x.test:81", "Proxy");
            ask_for_login(world, "http://other.test:81");
            ask_for_login(world, "http://x.test");
            ask_for_login(world, "https://x.test:81");
            world.browser.emit("Fetch.authRequired", {{"requestId", "R"}}, "session-A");
            ask_for_login(world, "http://x.test:81");
            return json::Object{{"loaderId", "L2"}};
        });
        co_await tab->answer_dialog({.accepts = true, .user = "ada", .password = "secret"});
        for (int asked = 0; asked < 5; ++asked) {
            const auto answer = json::to_text((co_await world.browser.next("Fetch.continueWithAuth")).params);
            CHECK_MESSAGE(answer.contains(R"("response":"Default")"), asked);
            CHECK_MESSAGE(!answer.contains("secret"), asked);
        }
        const auto given = co_await world.browser.next("Fetch.continueWithAuth");
        CHECK(json::to_text(given.params).contains(R"("username":"ada","password":"secret")"));
    });
}
