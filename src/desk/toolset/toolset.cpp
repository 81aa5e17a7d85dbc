#include "desk/toolset/toolset.hpp"

#include <algorithm>
#include <array>

#include "ops/desk/page.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::toolset {

namespace {

constexpr std::size_t most_input = 2'000'000;

/// What they tell is true without a browser too.
constexpr std::array<std::string_view, 4> need_no_browser{"wait", "list_tabs", "switch_tab", "close_tab"};

}  // namespace

Toolset::Toolset(async::Executor executor, page::Pages& pages, async::Pool& pool, StartBrowser start_browser,
                 std::string home)
    : session_{executor, pages, pool, std::move(home)},
      start_browser_{std::move(start_browser)},
      turns_{executor},
      opened_{pages.tabs().subscribe_to_opened([this](std::string id) {
          if (call_) scope_.start("guarding a tab that was opened", guard_opened(std::move(id)));
      })},
      scope_{executor} {
    if (!std::ranges::all_of(tool_members(), ToolCall::has_method))
        throw core::Error{core::Code::internal, "a member of the toolset has no method"};
}

Task<std::vector<cdp::TabInfo>> Toolset::tabs_after(const ToolOutcome& outcome) {
    if (outcome.is_hung) co_return session_.last_tabs();
    try {
        co_return co_await session_.list_tabs();
    } catch (const core::Error&) {
        // What is known will do: the call itself is answered.
    }
    co_return session_.last_tabs();
}

/// Tabs that were opened since the last call, and have asked something.
Task<> Toolset::guard_asking(ToolCall& call) {
    for (auto& id : session_.pages.tabs().find_asking()) {
        try {
            call.guard(co_await session_.pages.get(std::move(id)));
        } catch (const core::Error&) {
            // It has closed meanwhile.
        }
    }
}

/// What the call opens: a dialog of it would hold up the page that the call is about, too.
Task<> Toolset::guard_opened(std::string id) {
    try {
        auto page = co_await session_.pages.get(std::move(id));
        if (call_) call_->guard(std::move(page));
    } catch (const core::Error&) {
        // It has closed again, or the browser has gone.
    }
}

Task<ToolOutcome> Toolset::run(const ToolMember& member, ToolInput input, ToolCall& call) {
    if (std::ranges::find(need_no_browser, member.name) == need_no_browser.end()) {
        co_await start_browser_();
    }
    state_.begin(co_await session_.list_tabs(), session_.pages.downloads().list().last_change());
    for (auto& page : session_.pages.attached()) call.guard(page);
    co_await guard_asking(call);
    co_return co_await call.run(member, std::move(input));
}

Task<ToolOutcome> Toolset::try_to_run(const ToolMember& member, const json::Object& input, ToolCall& call) {
    auto parsed = parse_tool_input(member, input);
    if (!parsed) co_return ToolOutcome{.error = invalid_tool_text(member.name, parsed.error().message())};
    try {
        co_return co_await run(member, std::move(*parsed), call);
    } catch (const core::Error& error) {
        co_return ToolOutcome{.error = "Error: " + error.message(),
                              .is_hung = error.code() == core::Code::timeout};
    }
}

Task<ToolState::Content> Toolset::call(std::string name, json::Object input, json::Object configs) {
    const auto turn = co_await turns_.take();
    const auto* member = find_tool_member(name);
    ToolCall call{session_};
    struct Running {
        ToolCall*& running;
        ~Running() { running = nullptr; }
    } running{call_};
    call_ = &call;
    ToolOutcome outcome;
    if (!member)
        outcome.error = unknown_tool_text(name);
    else if (!is_tool_enabled(*member, configs))
        outcome.error = disabled_tool_text(name);
    else
        outcome = co_await try_to_run(*member, input, call);
    auto tabs = co_await tabs_after(outcome);
    co_return state_.finish(member, input, outcome, std::move(tabs), session_.pages.downloads().list(),
                            call.take_dismissed());
}

std::vector<rest::Binding> bind_toolset(Toolset& toolset) {
    return {{"browser/toolset", "POST", [&](net::Request& request) -> Task<net::Response> {
                 auto wish = co_await rest::decode_body(request, ops::call_tool_shape(), most_input);
                 auto content = co_await toolset.call(std::move(wish.name), std::move(wish.input),
                                                      std::move(wish.configs));
                 json::Object answer{{"success", !content.is_error}, {"is_error", content.is_error}};
                 if (content.is_error) answer["error"] = json::text_or(content.blocks.front(), "text");
                 answer["content"] = std::move(content.blocks);
                 co_return rest::json_answer(answer);
             }}};
}

}  // namespace carrel::desk::toolset
