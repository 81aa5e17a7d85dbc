// Which of a page's frames a script is for.
#include <doctest/doctest.h>

#include <algorithm>

#include "desk/browser/evaluate.hpp"
#include "tests/fakes/reason_of.hpp"
#include "tests/unit/desk/cdp/tabs_world.hpp"

using namespace carrel;
using namespace carrel::desk;
using fakes::FakeBrowser;
using fakes::reason_of;
using namespace std::chrono_literals;

TEST_CASE("a frame is looked for within the call's time, and one that says nothing may be the one") {
    cdp::with_tabs([](cdp::World& world) -> async::Task<> {
        const auto tab = co_await world.tabs.get("A");
        const auto script = [&](std::chrono::milliseconds limit) -> async::Task<> {
            co_await browser::evaluate(*tab, "1", "wanted", limit);
        };
        world.browser.on(
            "Page.getFrameTree", [](const FakeBrowser::Call& call) -> std::optional<json::Value> {
                if (call.session != "session-A") return std::nullopt;
                return json::Object{{"frameTree", {{"frame", {{"id", "A"}, {"url", "about:blank"}}}}}};
            });
        CHECK(co_await reason_of(script(10s)) == "no_such_frame");
        for (int frame = 0; frame < 50; ++frame)
            world.browser.emit("Target.attachedToTarget",
                               {{"sessionId", "S" + std::to_string(frame)},
                                {"targetInfo", cdp::info("F" + std::to_string(frame), "", "iframe")}},
                               "session-A");
        co_await world.cdp.call({}, "Browser.getVersion");
        REQUIRE(tab->remote_frames().size() == 50);
        world.browser.calls.clear();
        CHECK(co_await reason_of(script(300ms)) == "page_busy");
        const auto asked =
            std::ranges::count(world.browser.calls, "Page.getFrameTree", &FakeBrowser::Call::method);
        CHECK(asked < 50);
    });
}
