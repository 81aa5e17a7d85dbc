#include "desk/toolset/call.hpp"

#include <algorithm>
#include <array>

#include "desk/cdp/navigation.hpp"

namespace carrel::desk::toolset {

namespace {

using namespace std::chrono_literals;

constexpr auto settling_time = 3s;

}  // namespace

std::span<const ToolCall::Row> ToolCall::methods() {
    static constexpr std::array rows{
        Row{"navigate", &ToolCall::navigate},
        Row{"screenshot", &ToolCall::screenshot},
        Row{"zoom", &ToolCall::zoom},
        Row{"left_click", &ToolCall::left_click},
        Row{"right_click", &ToolCall::right_click},
        Row{"middle_click", &ToolCall::middle_click},
        Row{"double_click", &ToolCall::double_click},
        Row{"triple_click", &ToolCall::triple_click},
        Row{"hover", &ToolCall::hover},
        Row{"left_click_drag", &ToolCall::left_click_drag},
        Row{"left_mouse_down", &ToolCall::left_mouse_down},
        Row{"left_mouse_up", &ToolCall::left_mouse_up},
        Row{"mouse_move", &ToolCall::mouse_move},
        Row{"scroll", &ToolCall::scroll},
        Row{"scroll_to", &ToolCall::scroll_into_view},
        Row{"type", &ToolCall::type},
        Row{"key", &ToolCall::key},
        Row{"hold_key", &ToolCall::hold_key},
        Row{"form_input", &ToolCall::form_input},
        Row{"read_page", &ToolCall::read_page},
        Row{"find", &ToolCall::find},
        Row{"get_page_text", &ToolCall::get_page_text},
        Row{"wait", &ToolCall::wait},
        Row{"file_upload", &ToolCall::file_upload},
        Row{"read_console", &ToolCall::read_console},
        Row{"read_network", &ToolCall::read_network},
        Row{"javascript_exec", &ToolCall::javascript_exec},
        Row{"new_tab", &ToolCall::new_tab},
        Row{"list_tabs", &ToolCall::report_tabs},
        Row{"switch_tab", &ToolCall::switch_tab},
        Row{"close_tab", &ToolCall::close_tab},
    };
    return rows;
}

bool ToolCall::has_method(const ToolMember& member) {
    return std::ranges::find(methods(), member.name, &Row::name) != methods().end();
}

void ToolCall::guard(std::shared_ptr<page::Page> page) {
    if (std::ranges::find(pages_, page) != pages_.end()) return;
    pages_.push_back(page);
    guards_.push_back(std::make_unique<page::Page::Dismissing>(*page));
}

/// The page that the call is about; from here on its dialogs hold nothing up.
Task<page::Page*> ToolCall::get_page() {
    page_ = co_await session_.pages.get(input_.tab_id);
    guard(page_);
    co_return page_.get();
}

Task<page::Page*> ToolCall::get_page_in_turn() {
    auto* page = co_await get_page();
    turn_.emplace(co_await page->take_turn());
    co_return page;
}

Task<ToolOutcome> ToolCall::run(const ToolMember& member, ToolInput input) {
    input_ = std::move(input);
    const auto row = std::ranges::find(methods(), member.name, &Row::name);
    auto outcome = co_await (this->*row->method)();
    turn_.reset();
    co_return outcome;
}

std::vector<page::DialogRecord> ToolCall::take_dismissed() {
    std::vector<page::DialogRecord> dismissed;
    for (const auto& page : pages_)
        for (auto& record : page->take_dismissed()) dismissed.push_back(std::move(record));
    return dismissed;
}

/// Until the page has drawn what an action made of it, or has arrived where the action led.
Task<> ToolCall::settle(page::Page& page) {
    cdp::LoadWatch watch{session_.executor, page.shared_tab()};
    try {
        co_await page.run(page.main_frame(), "painted", {});
        if (page.is_loading()) co_await watch.wait({}, "load", settling_time);
    } catch (const core::Error&) {
        // A page that goes away, hangs or loads for long is told by the call that needs it.
    }
}

}  // namespace carrel::desk::toolset
