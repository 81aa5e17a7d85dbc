#include "desk/page/page.hpp"

#include <doctest/doctest.h>

#include "desk/page/act.hpp"
#include "desk/page/read.hpp"
#include "desk/page/shadows.hpp"
#include "tests/fakes/fake_browser.hpp"
#include "tests/fakes/reason_of.hpp"

using namespace carrel;
using namespace carrel::desk;
using namespace carrel::desk::page;
using fakes::FakeBrowser;
using fakes::reason_of;

namespace {

json::Value parsed(std::string_view text) { return core::value_or_throw(json::parse(text)); }

/// What Runtime.evaluate answers when the page's script answers `result`.
json::Value evaluated(std::string_view result, std::string_view token = "t1") {
    return parsed(R"({"result":{"type":"object","value":{"token":")" + std::string{token} + R"(","result":)" +
                  std::string{result} + "}}}");
}

/// A browser with one tab T, whose session is S; a second attachment is S2. Runs `test(browser, page,
/// pages)`.
template <class Test>
void with_page(Test test) {
    fakes::with_cdp([&](FakeBrowser& browser, cdp::Cdp& cdp) -> async::Task<> {
        int attached = 0;
        browser.on(
            "Target.getTargets",
            parsed(
                R"({"targetInfos":[{"targetId":"T","type":"page","url":"https://x.test/","title":"X"}]})"));
        browser.on("Target.setDiscoverTargets", [&](const FakeBrowser::Call&) {
            browser.emit("Target.targetCreated",
                         {{"targetInfo", {{"targetId", "T"}, {"type", "page"}, {"url", ""}, {"title", ""}}}});
            return parsed("{}");
        });
        browser.on("Target.attachToTarget", [&](const FakeBrowser::Call&) {
            return parsed(++attached == 1 ? R"({"sessionId":"S"})" : R"({"sessionId":"S2"})");
        });
        browser.on("Page.createIsolatedWorld", parsed(R"({"executionContextId":7})"));
        cdp::Tabs tabs{browser.executor(), cdp, []() -> async::Task<std::vector<std::string>> {
                           co_return std::vector<std::string>{"T"};
                       }};
        Pages pages{cdp, tabs};
        const auto page = co_await pages.get("T");
        co_await test(browser, *page, pages);
    });
}

async::Task<> act_on(Page& page, int number) { co_await page.run_on(number, "scroll"); }

/// Everything that was sent is heard of when a call after it is answered.
async::Task<> catch_up(Page& page) { co_await page.tab().call("Page.getNavigationHistory"); }

}  // namespace

TEST_CASE("the script is brought once to a document, and again to the next") {
    with_page([](FakeBrowser& browser, Page& page, Pages&) -> async::Task<> {
        bool has_script = false;
        int brought = 0;
        browser.on("Runtime.evaluate", [&](const FakeBrowser::Call& call) {
            if (!json::text_or(call.params, "expression").starts_with("(async")) {
                has_script = true;
                ++brought;
                return parsed(R"({"result":{"type":"undefined"}})");
            }
            return has_script
                       ? evaluated(
                             R"({"entries":[{"d":0,"n":1,"r":"button","t":"Go"}],"next":2,"title":"X","url":"u"})")
                       : parsed(R"({"result":{"value":{"missing":true}}})");
        });
        for (int i = 0; i < 3; ++i) {
            const auto view = co_await read_page(page, {});
            REQUIRE(view.entries.size() == 1);
            CHECK(view.entries[0].name == "Go");
        }
        CHECK(brought == 1);
        CHECK(page.references.find(1) == PageDocument{"T", "t1"});
        has_script = false;
        co_await read_page(page, {});
        CHECK(brought == 2);
    });
}

TEST_CASE("a page that goes elsewhere while it is read is read once more, then it is an error") {
    with_page([](FakeBrowser& browser, Page& page, Pages&) -> async::Task<> {
        int calls = 0;
        int failing = 1;
        browser.on("Runtime.evaluate", [&](const FakeBrowser::Call&) -> std::optional<json::Value> {
            if (++calls <= failing)
                throw core::Error{core::Code::conflict, "Cannot find context with specified id"};
            return evaluated(R"({"entries":[]})");
        });
        CHECK((co_await read_page(page, {})).entries.empty());
        CHECK(calls == 2);
        failing = 1'000;
        const auto read = [&]() -> async::Task<> { co_await read_page(page, {}); };
        CHECK(co_await reason_of(read()) == "page_changed");
    });
}

TEST_CASE("a reference of a document that is gone is stale, whatever the reason") {
    with_page([](FakeBrowser& browser, Page& page, Pages&) -> async::Task<> {
        CHECK(co_await reason_of(act_on(page, 1)) == "stale_reference");
        page.references.add(10, {"T", "t1"});
        browser.on("Runtime.evaluate", parsed(R"({"result":{"value":{"gone":true}}})"));  // another document
        CHECK(co_await reason_of(act_on(page, 1)) == "stale_reference");
        browser.on("Runtime.evaluate", evaluated(R"({"gone":true})"));  // the element is not in it any more
        CHECK(co_await reason_of(act_on(page, 1)) == "stale_reference");
        browser.on("Page.createIsolatedWorld", [](const FakeBrowser::Call&) -> std::optional<json::Value> {
            throw core::Error{core::Code::conflict, "No frame for given id found"};
        });
        CHECK(co_await reason_of(act_on(page, 1)) == "stale_reference");
        CHECK(co_await reason_of(act_on(page, 10)) == "stale_reference");
    });
}

TEST_CASE("a dialog ends a click, and the click has worked") {
    with_page([](FakeBrowser& browser, Page& page, Pages&) -> async::Task<> {
        browser.on("Input.dispatchMouseEvent",
                   [&](const FakeBrowser::Call& call) -> std::optional<json::Value> {
                       if (json::text_or(call.params, "type") != "mouseReleased") return parsed("{}");
                       browser.emit("Page.javascriptDialogOpening",
                                    {{"type", "alert"}, {"message", "hi"}, {"url", ""}}, "S");
                       return std::nullopt;
                   });
        co_await click(page, {1, 2}, {});
        REQUIRE(page.tab().dialog());
        REQUIRE(page.dialogs().size() == 1);
        CHECK(page.dialogs()[0].message == "hi");
        // Everything else says so at once.
        const auto read = [&]() -> async::Task<> { co_await read_page(page, {}); };
        CHECK(co_await reason_of(read()) == "dialog_open");
        browser.on("Page.handleJavaScriptDialog", [&](const FakeBrowser::Call& call) {
            CHECK(json::to_text(call.params) == R"({"accept":true})");
            browser.emit("Page.javascriptDialogClosed", {{"result", true}, {"userInput", ""}}, "S");
            return parsed("{}");
        });
        co_await page.answer_dialog({.accepts = true});
        co_await catch_up(page);
        CHECK(!page.tab().dialog());
        CHECK(page.dialogs()[0].is_accepted);
        CHECK(co_await reason_of(page.answer_dialog({.accepts = true})) == "no_dialog");
    });
}

TEST_CASE("while dialogs are dismissed they hold up nothing and are remembered") {
    with_page([](FakeBrowser& browser, Page& page, Pages&) -> async::Task<> {
        std::vector<std::string> answers;
        browser.on("Page.handleJavaScriptDialog", [&](const FakeBrowser::Call& call) {
            answers.push_back(json::to_text(call.params));
            browser.emit("Page.javascriptDialogClosed", {{"result", false}, {"userInput", ""}}, "S");
            return parsed("{}");
        });
        Page::Dismissing dismissing{page};
        browser.on("Runtime.evaluate", [&](const FakeBrowser::Call& call) {
            CHECK(call.session == "S2");  // not the one whose calls a dialog ends
            browser.emit("Page.javascriptDialogOpening",
                         {{"type", "confirm"}, {"message", "Sure?"}, {"url", ""}}, "S");
            browser.emit("Page.javascriptDialogOpening",
                         {{"type", "beforeunload"}, {"message", ""}, {"url", ""}}, "S");
            return parsed(R"({"result":{"value":7}})");
        });
        CHECK(json::to_text(co_await page.call("Runtime.evaluate")) == R"({"result":{"value":7}})");
        co_await catch_up(page);
        CHECK(answers == std::vector<std::string>{R"({"accept":false})", R"({"accept":true})"});
        const auto dismissed = page.take_dismissed();
        REQUIRE(dismissed.size() == 1);
        CHECK(dismissed[0].message == "Sure?");
        CHECK(page.take_dismissed().empty());
    });
}

TEST_CASE("buttons and keys go up even when the action fails") {
    with_page([](FakeBrowser& browser, Page& page, Pages&) -> async::Task<> {
        browser.on("Input.dispatchMouseEvent",
                   [&](const FakeBrowser::Call& call) -> std::optional<json::Value> {
                       if (json::text_or(call.params, "type") == "mousePressed")
                           throw core::Error{core::Code::conflict, "no"};
                       return parsed("{}");
                   });
        ClickWish wish;
        wish.modifiers = core::value_or_throw(parse_modifiers("ctrl+shift"));
        CHECK(co_await reason_of(click(page, {1, 2}, wish)) == "cdp_refused");
        co_await catch_up(page);
        int released = 0;
        int up = 0;
        for (const auto& call : browser.calls) {
            released += json::text_or(call.params, "type") == "mouseReleased" ? 1 : 0;
            up += json::text_or(call.params, "type") == "keyUp" ? 1 : 0;
        }
        CHECK(released == 1);
        CHECK(up == 2);
    });
}

TEST_CASE("the browser's end is told to whoever waits on the second attachment") {
    with_page([](FakeBrowser& browser, Page& page, Pages&) -> async::Task<> {
        Page::Dismissing dismissing{page};
        browser.on("Runtime.evaluate", [&](const FakeBrowser::Call&) -> std::optional<json::Value> {
            browser.emit("Target.detachedFromTarget", {{"sessionId", "S"}, {"targetId", "T"}});
            return std::nullopt;
        });
        const auto evaluate = [&]() -> async::Task<> { co_await page.call("Runtime.evaluate"); };
        CHECK(co_await reason_of(evaluate()) == "tab_gone");
    });
}

TEST_CASE("a closed shadow root is given to the script, and the document read once more") {
    with_page([](FakeBrowser& browser, Page& page, Pages&) -> async::Task<> {
        bool is_given = false;
        int reads = 0;
        browser.on("Runtime.evaluate", [&](const FakeBrowser::Call& call) {
            if (json::text_or(call.params, "expression").contains("carrelHosts"))
                return parsed(R"({"result":{"type":"object","objectId":"list"}})");
            ++reads;
            return is_given
                       ? evaluated(R"({"hosts":1,"next":3,"entries":[{"n":2,"r":"button","t":"Inside"}]})")
                       : evaluated(R"({"hosts":1,"next":2,"entries":[]})");
        });
        browser.on("Runtime.getProperties", parsed(R"({"result":[{"name":"0","value":{"objectId":"host"}},
            {"name":"length","value":{"type":"number","value":1}},{"name":"x","value":{"objectId":"other"}}, 7]})"));
        browser.on("DOM.describeNode", [&](const FakeBrowser::Call& call) {
            CHECK(json::text_or(call.params, "objectId") == "host");
            return parsed(is_given ? R"({"node":{}})" : R"({"node":{"shadowRoots":[
                {"shadowRootType":"user-agent","backendNodeId":8},{"shadowRootType":"closed","backendNodeId":9}]}})");
        });
        browser.on("DOM.resolveNode", [&](const FakeBrowser::Call& call) {
            CHECK(json::number_or(call.params, "backendNodeId") == 9);
            CHECK(json::number_or(call.params, "executionContextId") == 7);
            return parsed(R"({"object":{"objectId":"root"}})");
        });
        bool is_looked = false;
        browser.on("Runtime.callFunctionOn", [&](const FakeBrowser::Call& call) {
            if (json::text_or(call.params, "objectId") == "list") {
                CHECK(json::text_or(call.params, "functionDeclaration").contains("carrelLooked"));
                is_looked = true;
                return parsed("{}");
            }
            const auto* arguments = json::find(call.params, "arguments");
            REQUIRE(arguments);
            CHECK(json::to_text(*arguments) == R"([{"objectId":"root"}])");
            is_given = true;
            return parsed("{}");
        });
        const auto view = co_await read_page(page, {});
        REQUIRE(view.entries.size() == 1);
        CHECK(view.entries[0].name == "Inside");
        CHECK(reads == 2);
        CHECK(is_looked);
        CHECK(page.references.next() == 3);
    });
}

TEST_CASE(
    "what was read stands where closed shadow roots cannot be looked into, and roots in roots have an end") {
    with_page([](FakeBrowser& browser, Page& page, Pages&) -> async::Task<> {
        int reads = 0;
        browser.on("Runtime.evaluate", [&](const FakeBrowser::Call& call) {
            if (json::text_or(call.params, "expression").contains("carrelHosts"))
                return parsed(R"({"result":{"type":"object","objectId":"list"}})");
            ++reads;
            return evaluated(R"({"hosts":1,"entries":[{"n":1,"r":"button","t":"Go"}],"next":2})");
        });
        browser.on("Runtime.getProperties", [](const FakeBrowser::Call&) -> std::optional<json::Value> {
            throw core::Error{core::Code::conflict, "Could not find object with given id"};
        });
        CHECK((co_await read_page(page, {})).entries.size() == 1);
        CHECK(reads == 1);
        browser.on("Runtime.getProperties",
                   parsed(R"({"result":[{"name":"0","value":{"objectId":"host"}}]})"));
        browser.on("DOM.describeNode",
                   parsed(R"({"node":{"shadowRoots":[{"shadowRootType":"closed","backendNodeId":9}]}})"));
        browser.on("DOM.resolveNode", parsed(R"({"object":{"objectId":"root"}})"));
        reads = 0;
        CHECK((co_await read_page(page, {})).entries.size() == 1);
        CHECK(reads == 5);
    });
}

TEST_CASE("what was read stands where the page does not answer again once its roots are open") {
    with_page([](FakeBrowser& browser, Page& page, Pages&) -> async::Task<> {
        int reads = 0;
        browser.on("Runtime.evaluate", [&](const FakeBrowser::Call& call) -> std::optional<json::Value> {
            if (json::text_or(call.params, "expression").contains("carrelHosts"))
                return parsed(R"({"result":{"type":"object","objectId":"list"}})");
            if (++reads == 2) return std::nullopt;
            return evaluated(R"({"hosts":1,"entries":[{"n":1,"r":"button","t":"Go"}],"next":2})");
        });
        browser.on("Runtime.getProperties",
                   parsed(R"({"result":[{"name":"0","value":{"objectId":"host"}}]})"));
        browser.on("DOM.describeNode",
                   parsed(R"({"node":{"shadowRoots":[{"shadowRootType":"closed","backendNodeId":9}]}})"));
        browser.on("DOM.resolveNode", parsed(R"({"object":{"objectId":"root"}})"));
        const auto answer = co_await run_through_shadows(page, page.main_frame(), "read", {},
                                                         std::chrono::milliseconds{1'500});
        CHECK(reads == 2);
        CHECK(json::number_or(answer.result, "next") == 2);
        browser.on("Runtime.evaluate",
                   [](const FakeBrowser::Call&) -> std::optional<json::Value> { return std::nullopt; });
        const auto read = [&]() -> async::Task<> {
            co_await run_through_shadows(page, page.main_frame(), "read", {}, std::chrono::milliseconds{50});
        };
        CHECK(co_await reason_of(read()) == "page_busy");
    });
}

TEST_CASE("what a modal dialog leaves out is said") {
    PageView view;
    view.modal = "dialog \"Ask\"";
    const auto text = render_view(view, {}).text;
    CHECK(text.contains("what lies behind the modal dialog \"Ask\" cannot be used, and is left out"));
    view.modal.clear();
    CHECK(!render_view(view, {}).text.contains("modal"));
}
