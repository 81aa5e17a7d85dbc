// A browser of two tabs and a worker, for tests of tabs.
#pragma once

#include <string>
#include <vector>

#include "async/all.hpp"
#include "desk/cdp/tabs.hpp"
#include "tests/fakes/fake_browser.hpp"

namespace carrel::desk::cdp {

using fakes::FakeBrowser;

inline json::Object info(std::string_view id, std::string_view title, std::string_view type = "page") {
    return {{"targetId", id}, {"type", type}, {"title", title}, {"url", "about:blank"}};
}

struct World {
    World(FakeBrowser& fake, Cdp& client)
        : executor{fake.executor()},
          browser{fake},
          cdp{client},
          tabs{executor, cdp, [this] { return find_order(); }} {
        browser.on("Target.setDiscoverTargets",
                   [this](const FakeBrowser::Call&) -> std::optional<json::Value> {
                       for (const auto& target : targets)
                           browser.emit("Target.targetCreated", {{"targetInfo", target}});
                       return json::Object{};
                   });
        browser.on("Target.getTargets", [this](const FakeBrowser::Call&) -> std::optional<json::Value> {
            return json::Object{{"targetInfos", json::Array(targets.begin(), targets.end())}};
        });
        browser.on("Target.attachToTarget", [](const FakeBrowser::Call& call) -> std::optional<json::Value> {
            const auto id = json::text_or(call.params, "targetId");
            if (id == "nowhere") throw core::Error{core::Code::invalid, "No target with given id found"};
            return json::Object{{"sessionId", "session-" + std::string{id}}};
        });
    }

    async::Task<std::vector<std::string>> find_order() { co_return order; }

    async::Executor executor;
    FakeBrowser& browser;
    std::vector<json::Object> targets{info("A", "first"), info("B", "second"),
                                      info("W", "worker", "service_worker")};
    std::vector<std::string> order{"W", "B", "A"};
    Cdp& cdp;
    Tabs tabs;
};

template <class Test>
void with_tabs(Test test) {
    fakes::with_cdp([&](FakeBrowser& browser, Cdp& cdp) -> async::Task<> {
        World world{browser, cdp};
        co_await test(world);
    });
}

/// Runs both at once.
inline async::Task<> both(async::Task<> one, async::Task<> other) {
    std::vector<async::Task<>> tasks;
    tasks.push_back(std::move(one));
    tasks.push_back(std::move(other));
    co_await async::all("both", std::move(tasks));
}

}  // namespace carrel::desk::cdp
