// The driver of browser_toolset_20260801: each member carried out on the desk's browser, answered as the
// content of a tool_result.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/turns.hpp"
#include "desk/page/act.hpp"
#include "desk/toolset/members.hpp"
#include "desk/toolset/state.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk::toolset {

using async::Task;

/// For the model: what a member was given and cannot take.
inline core::Error invalid(std::string message) { return {core::Code::invalid, std::move(message)}; }

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
    /// What lives as long as one call.
    struct Call {
        ToolInput input;
        std::vector<std::shared_ptr<page::Page>> pages;  ///< before the guards: they are let go after them
        std::vector<std::unique_ptr<page::Page::Dismissing>> guards;
        std::shared_ptr<page::Page> page;
    };
    using Method = Task<ToolOutcome> (Toolset::*)(Call&);
    struct Row {
        std::string_view name;
        Method method;
    };
    static std::span<const Row> methods();
    Task<ToolOutcome> run(const ToolMember& member, Call& call);
    Task<ToolOutcome> try_to_run(const ToolMember& member, const json::Object& input, Call& call);
    Task<std::vector<cdp::TabInfo>> list_tabs();
    Task<std::vector<cdp::TabInfo>> tabs_after(const ToolOutcome& outcome);
    Task<page::Page*> page_of(Call& call);
    void guard(Call& call, std::shared_ptr<page::Page> page);
    Task<> settle(page::Page& page);
    Task<page::PagePoint> point_of(Call& call, const ToolTarget& target);

    Task<ToolOutcome> click_with(Call& call, std::string button, int count);
    Task<ToolOutcome> left_click(Call& call) { return click_with(call, "left", 1); }
    Task<ToolOutcome> right_click(Call& call) { return click_with(call, "right", 1); }
    Task<ToolOutcome> middle_click(Call& call) { return click_with(call, "middle", 1); }
    Task<ToolOutcome> double_click(Call& call) { return click_with(call, "left", 2); }
    Task<ToolOutcome> triple_click(Call& call) { return click_with(call, "left", 3); }
    Task<ToolOutcome> hover(Call& call);
    Task<ToolOutcome> left_click_drag(Call& call);
    Task<ToolOutcome> left_mouse_down(Call& call);
    Task<ToolOutcome> left_mouse_up(Call& call);
    Task<ToolOutcome> mouse_move(Call& call);
    Task<ToolOutcome> scroll(Call& call);
    Task<ToolOutcome> scroll_into_view(Call& call);
    Task<ToolOutcome> type(Call& call);
    Task<ToolOutcome> key(Call& call);
    Task<ToolOutcome> hold_key(Call& call);
    Task<ToolOutcome> form_input(Call& call);
    Task<ToolOutcome> file_upload(Call& call);
    Task<ToolOutcome> navigate(Call& call);
    Task<ToolOutcome> screenshot(Call& call);
    Task<ToolOutcome> zoom(Call& call);
    Task<ToolOutcome> read_page(Call& call);
    Task<ToolOutcome> find(Call& call);
    Task<ToolOutcome> get_page_text(Call& call);
    Task<ToolOutcome> wait(Call& call);
    Task<ToolOutcome> read_console(Call& call);
    Task<ToolOutcome> read_network(Call& call);
    Task<ToolOutcome> javascript_exec(Call& call);
    Task<ToolOutcome> new_tab(Call& call);
    Task<ToolOutcome> report_tabs(Call& call);
    Task<ToolOutcome> switch_tab(Call& call);
    Task<ToolOutcome> close_tab(Call& call);

    async::Executor executor_;
    page::Pages& pages_;
    async::Pool& pool_;
    StartBrowser start_browser_;
    std::string home_;
    async::Turns turns_;
    ToolState state_;
    std::vector<cdp::TabInfo> last_tabs_;  ///< of a browser that hangs that is what is known
};

/// browser/toolset. `toolset` must outlive it.
std::vector<rest::Binding> bind_toolset(Toolset& toolset);

}  // namespace carrel::desk::toolset
