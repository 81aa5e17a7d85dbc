// One call of a member: its input, the pages whose dialogs hold nothing up meanwhile, and what each member
// does.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "desk/page/act.hpp"
#include "desk/toolset/members.hpp"
#include "desk/toolset/session.hpp"
#include "desk/toolset/state.hpp"

namespace carrel::desk::toolset {

/// For the model: what a member was given and cannot take.
inline core::Error invalid(std::string message) { return {core::Code::invalid, std::move(message)}; }

class ToolCall {
public:
    /// `session` must outlive it.
    explicit ToolCall(ToolSession& session) : session_{session} {}
    ToolCall(const ToolCall&) = delete;
    ToolCall& operator=(const ToolCall&) = delete;

    static bool has_method(const ToolMember& member);
    /// From here on, until the call's end, the page's dialogs hold nothing up.
    void guard(std::shared_ptr<page::Page> page);
    /// Throws what the member fails at. Once for each call.
    Task<ToolOutcome> run(const ToolMember& member, ToolInput input);
    /// Dialogs of all pages of the call.
    std::vector<page::DialogRecord> take_dismissed();

private:
    using Method = Task<ToolOutcome> (ToolCall::*)();
    struct Row {
        std::string_view name;
        Method method;
    };
    static std::span<const Row> methods();
    Task<page::Page*> get_page();
    /// The same for what acts: in its turn, until the member has done.
    Task<page::Page*> get_page_in_turn();
    Task<> settle(page::Page& page);
    Task<page::PagePoint> point_of(const ToolTarget& target);

    Task<ToolOutcome> click_with(std::string button, int count);
    Task<ToolOutcome> left_click() { return click_with("left", 1); }
    Task<ToolOutcome> right_click() { return click_with("right", 1); }
    Task<ToolOutcome> middle_click() { return click_with("middle", 1); }
    Task<ToolOutcome> double_click() { return click_with("left", 2); }
    Task<ToolOutcome> triple_click() { return click_with("left", 3); }
    Task<ToolOutcome> hover();
    Task<ToolOutcome> left_click_drag();
    Task<ToolOutcome> left_mouse_down();
    Task<ToolOutcome> left_mouse_up();
    Task<ToolOutcome> mouse_move();
    Task<ToolOutcome> scroll();
    Task<ToolOutcome> scroll_into_view();
    Task<ToolOutcome> type();
    Task<ToolOutcome> key();
    Task<ToolOutcome> hold_key();
    Task<ToolOutcome> form_input();
    Task<ToolOutcome> file_upload();
    Task<ToolOutcome> navigate();
    Task<ToolOutcome> screenshot();
    Task<ToolOutcome> zoom();
    Task<ToolOutcome> read_page();
    Task<ToolOutcome> find();
    Task<ToolOutcome> get_page_text();
    Task<ToolOutcome> wait();
    Task<ToolOutcome> read_console();
    Task<ToolOutcome> read_network();
    Task<ToolOutcome> javascript_exec();
    Task<ToolOutcome> new_tab();
    Task<ToolOutcome> report_tabs();
    Task<ToolOutcome> switch_tab();
    Task<ToolOutcome> close_tab();

    ToolSession& session_;
    ToolInput input_;
    std::vector<std::shared_ptr<page::Page>> pages_;  ///< before the guards: they are let go after them
    std::vector<std::unique_ptr<page::Page::Dismissing>> guards_;
    std::shared_ptr<page::Page> page_;
    std::optional<page::Page::Turn> turn_;
};

}  // namespace carrel::desk::toolset
