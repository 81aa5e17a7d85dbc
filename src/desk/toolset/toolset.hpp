// The driver of browser_toolset_20260801: calls one after the other, each answered as the content of a
// tool_result. What members do is in call.hpp.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "async/scope.hpp"
#include "async/turns.hpp"
#include "desk/toolset/call.hpp"
#include "desk/toolset/session.hpp"
#include "desk/toolset/state.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk::toolset {

class Toolset {
public:
    /// Opens a browser unless one is open.
    using StartBrowser = std::function<Task<>()>;

    /// `pages` and `pool` must outlive it.
    Toolset(async::Executor executor, page::Pages& pages, async::Pool& pool, StartBrowser start_browser,
            std::string home);

    /// One at a time, in the order of their arrival. What a member fails at is content with is_error; only
    /// the caller's cancellation throws.
    Task<ToolState::Content> call(std::string name, json::Object input, json::Object configs);

private:
    Task<ToolOutcome> run(const ToolMember& member, ToolInput input, ToolCall& call);
    Task<ToolOutcome> try_to_run(const ToolMember& member, const json::Object& input, ToolCall& call);
    Task<std::vector<cdp::TabInfo>> tabs_after(const ToolOutcome& outcome);
    Task<> guard_asking(ToolCall& call);
    Task<> guard_opened(std::string id);

    ToolSession session_;
    StartBrowser start_browser_;
    async::Turns turns_;
    ToolState state_;
    ToolCall* call_ = nullptr;  ///< the one that runs
    cdp::Cdp::Subscription opened_;
    async::Scope scope_;
};

/// browser/toolset. `toolset` must outlive it.
std::vector<rest::Binding> bind_toolset(Toolset& toolset);

}  // namespace carrel::desk::toolset
