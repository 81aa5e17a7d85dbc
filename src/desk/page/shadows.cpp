#include "desk/page/shadows.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <vector>

#include "async/all.hpp"
#include "desk/page/script.hpp"

namespace carrel::desk::page {

namespace {

using ShadowClock = std::chrono::steady_clock;

/// Closed roots in closed roots.
constexpr int most_shadow_rounds = 5;
constexpr std::chrono::seconds longest_look{2};

/// One frame's closed shadow roots, within a time that what was read already does not wait for.
class Shadows {
public:
    Shadows(Page& page, PageFrame frame, ShadowClock::time_point end)
        : page_{page}, frame_{std::move(frame)}, end_{end} {}

    /// Whether the script was given any.
    Task<bool> open() {
        const auto made =
            co_await call("Page.createIsolatedWorld", {{"frameId", frame_.id}, {"worldName", page_world()}});
        context_ = static_cast<std::int64_t>(json::number_or(made, "executionContextId"));
        const auto list = co_await hosts();
        std::deque<std::int64_t> roots(list.elements.size(), 0);
        std::vector<Task<>> looks;
        for (std::size_t at = 0; at < roots.size(); ++at) looks.push_back(look(list.elements[at], roots[at]));
        co_await async::all("looking for closed shadow roots", std::move(looks));
        for (std::size_t at = 0; at < roots.size(); ++at)
            if (roots[at] > 0) co_await give(list.elements[at], roots[at]);
        if (std::ranges::find(roots, not_answered) == roots.end())
            co_await call(
                "Runtime.callFunctionOn",
                {{"objectId", list.object}, {"functionDeclaration", "function () { carrelLooked(this); }"}});
        co_await call("Runtime.releaseObjectGroup", {{"objectGroup", group}});
        co_return std::ranges::any_of(roots, [](std::int64_t root) { return root > 0; });
    }

private:
    static constexpr auto group = "carrel-shadows";
    static constexpr std::int64_t not_answered = -1;

    struct Hosts {
        std::string object;  ///< the list itself
        std::vector<std::string> elements;
    };

    Task<json::Value> call(std::string method, json::Object params) {
        return page_.call_frame(frame_, std::move(method), std::move(params), end_ - ShadowClock::now());
    }

    /// What the last operation met that may hide one, as objects of the protocol.
    Task<Hosts> hosts() {
        const auto list = co_await call(
            "Runtime.evaluate",
            {{"contextId", context_}, {"expression", "globalThis.carrelHosts?.()"}, {"objectGroup", group}});
        Hosts result;
        if (const auto* object = json::find(list, "result"))
            result.object = json::text_or(*object, "objectId");
        const auto members =
            co_await call("Runtime.getProperties", {{"objectId", result.object}, {"ownProperties", true}});
        const auto* properties = json::find(members, "result");
        if (!properties || !properties->is_array()) co_return result;
        for (const auto& property : properties->get_array()) {
            const auto* value = json::find(property, "value");
            const auto id = value ? json::text_or(*value, "objectId") : "";
            const auto* name = json::find(property, "name");
            const bool is_item =
                name && name->is_string() &&
                std::ranges::all_of(name->get_string(), [](char byte) { return byte >= '0' && byte <= '9'; });
            if (is_item && !id.empty()) result.elements.emplace_back(id);
        }
        co_return result;
    }

    /// The root's id for the protocol; 0 where there is none.
    Task<> look(const std::string& host, std::int64_t& root) {
        try {
            root = find_closed(co_await call("DOM.describeNode", {{"objectId", host}, {"depth", 0}}));
        } catch (const core::Error& error) {
            if (error.reason() != "cdp_refused") root = not_answered;  // else it is gone
        }
    }

    static std::int64_t find_closed(const json::Value& described) {
        const auto* node = json::find(described, "node");
        const auto* roots = node ? json::find(*node, "shadowRoots") : nullptr;
        if (!roots || !roots->is_array()) return 0;
        for (const auto& root : roots->get_array())
            if (json::text_or(root, "shadowRootType") == "closed")
                return static_cast<std::int64_t>(json::number_or(root, "backendNodeId"));
        return 0;
    }

    Task<> give(const std::string& host, std::int64_t root) {
        const auto resolved = co_await call(
            "DOM.resolveNode",
            {{"backendNodeId", root}, {"executionContextId", context_}, {"objectGroup", group}});
        const auto* object = json::find(resolved, "object");
        if (!object) co_return;
        co_await call(
            "Runtime.callFunctionOn",
            {{"objectId", host},
             {"functionDeclaration", "function (root) { carrelOpen(this, root); }"},
             {"arguments", json::Array{json::Object{{"objectId", json::text_or(*object, "objectId")}}}},
             {"returnByValue", true}});
    }

    Page& page_;
    PageFrame frame_;
    ShadowClock::time_point end_;
    std::int64_t context_ = 0;
};

/// False also where it fails: what was read stands.
Task<bool> open_shadows(Page& page, PageFrame frame, ShadowClock::time_point end) {
    Shadows shadows{page, std::move(frame), std::min(end, ShadowClock::now() + longest_look)};
    try {
        co_return co_await shadows.open();
    } catch (const core::Error&) {
        co_return false;
    }
}

}  // namespace

Task<Page::Answer> run_through_shadows(Page& page, PageFrame frame, std::string operation,
                                       json::Object options, async::Duration limit) {
    const auto end = ShadowClock::now() + limit;
    std::optional<Page::Answer> kept;
    for (int round = 1;; ++round) {
        try {
            kept = co_await page.run(frame, operation, options, end - ShadowClock::now());
        } catch (const core::Error& error) {
            // What was read before the last roots were opened is better than nothing.
            if (!kept || error.reason() != "page_busy") throw;
            round = most_shadow_rounds;
        }
        auto& answer = *kept;
        const bool is_worth_looking =
            round < most_shadow_rounds && json::number_or(answer.result, "hosts") > 0;
        if (!is_worth_looking || !co_await open_shadows(page, frame, end)) co_return std::move(answer);
        // Numbers that were given out stay given out.
        if (const auto next = json::number_or(answer.result, "next"); next > 0) {
            page.references.add(static_cast<int>(std::min(next, 1e9)), answer.document);
            options["next"] = page.references.next();
        }
    }
}

}  // namespace carrel::desk::page
