#include "desk/toolset/toolset.hpp"

#include <algorithm>
#include <array>

#include "desk/cdp/navigation.hpp"
#include "desk/page/tree.hpp"
#include "ops/desk/page.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::toolset {

namespace {

using namespace std::chrono_literals;

constexpr auto settling_time = 3s;
constexpr std::size_t most_input = 2'000'000;

/// What they tell is true without a browser too.
constexpr std::array<std::string_view, 4> need_no_browser{"wait", "list_tabs", "switch_tab", "close_tab"};

}  // namespace

Toolset::Toolset(async::Executor executor, page::Pages& pages, async::Pool& pool, StartBrowser start_browser,
                 std::string home)
    : executor_{executor},
      pages_{pages},
      pool_{pool},
      start_browser_{std::move(start_browser)},
      home_{std::move(home)},
      turns_{executor} {
    for (const auto& member : tool_members())
        if (std::ranges::find(methods(), member.name, &Row::name) == methods().end())
            throw core::Error{core::Code::internal, "a member of the toolset has no method"};
}

std::span<const Toolset::Row> Toolset::methods() {
    static constexpr std::array rows{
        Row{"navigate", &Toolset::navigate},
        Row{"screenshot", &Toolset::screenshot},
        Row{"zoom", &Toolset::zoom},
        Row{"left_click", &Toolset::left_click},
        Row{"right_click", &Toolset::right_click},
        Row{"middle_click", &Toolset::middle_click},
        Row{"double_click", &Toolset::double_click},
        Row{"triple_click", &Toolset::triple_click},
        Row{"hover", &Toolset::hover},
        Row{"left_click_drag", &Toolset::left_click_drag},
        Row{"left_mouse_down", &Toolset::left_mouse_down},
        Row{"left_mouse_up", &Toolset::left_mouse_up},
        Row{"mouse_move", &Toolset::mouse_move},
        Row{"scroll", &Toolset::scroll},
        Row{"scroll_to", &Toolset::scroll_into_view},
        Row{"type", &Toolset::type},
        Row{"key", &Toolset::key},
        Row{"hold_key", &Toolset::hold_key},
        Row{"form_input", &Toolset::form_input},
        Row{"read_page", &Toolset::read_page},
        Row{"find", &Toolset::find},
        Row{"get_page_text", &Toolset::get_page_text},
        Row{"wait", &Toolset::wait},
        Row{"file_upload", &Toolset::file_upload},
        Row{"read_console", &Toolset::read_console},
        Row{"read_network", &Toolset::read_network},
        Row{"javascript_exec", &Toolset::javascript_exec},
        Row{"new_tab", &Toolset::new_tab},
        Row{"list_tabs", &Toolset::report_tabs},
        Row{"switch_tab", &Toolset::switch_tab},
        Row{"close_tab", &Toolset::close_tab},
    };
    return rows;
}

/// None when there is no browser. Throws Error{timeout} when it hangs.
Task<std::vector<cdp::TabInfo>> Toolset::list_tabs() {
    std::vector<cdp::TabInfo> tabs;
    try {
        tabs = co_await pages_.tabs().list();
    } catch (const core::Error& error) {
        if (error.code() != core::Code::unavailable && error.code() != core::Code::conflict) throw;
    }
    last_tabs_ = tabs;
    co_return tabs;
}

Task<std::vector<cdp::TabInfo>> Toolset::tabs_after(const ToolOutcome& outcome) {
    if (outcome.is_hung) co_return last_tabs_;
    try {
        co_return co_await list_tabs();
    } catch (const core::Error&) {
        // What is known will do: the call itself is answered.
    }
    co_return last_tabs_;
}

void Toolset::guard(Call& call, std::shared_ptr<page::Page> page) {
    call.pages.push_back(page);
    call.guards.push_back(std::make_unique<page::Page::Dismissing>(*page));
}

/// The page that the call is about; from here on its dialogs hold nothing up.
Task<page::Page*> Toolset::page_of(Call& call) {
    call.page = co_await pages_.get(call.input.tab_id);
    if (std::ranges::find(call.pages, call.page) == call.pages.end()) guard(call, call.page);
    co_return call.page.get();
}

Task<ToolOutcome> Toolset::run(const ToolMember& member, Call& call) {
    if (std::ranges::find(need_no_browser, member.name) == need_no_browser.end()) {
        co_await start_browser_();
        co_await pages_.downloads().follow();
    }
    state_.begin(co_await list_tabs(), pages_.downloads().list().last_change());
    for (auto& page : pages_.attached()) guard(call, page);
    const auto row = std::ranges::find(methods(), member.name, &Row::name);
    co_return co_await (this->*row->method)(call);
}

Task<ToolOutcome> Toolset::try_to_run(const ToolMember& member, const json::Object& input, Call& call) {
    auto parsed = parse_tool_input(member, input);
    if (!parsed) co_return ToolOutcome{.error = invalid_tool_text(member.name, parsed.error().message())};
    call.input = std::move(*parsed);
    try {
        co_return co_await run(member, call);
    } catch (const core::Error& error) {
        co_return ToolOutcome{.error = "Error: " + error.message(),
                              .is_hung = error.code() == core::Code::timeout};
    }
}

Task<ToolState::Content> Toolset::call(std::string name, json::Object input, json::Object configs) {
    const auto turn = co_await turns_.take();
    const auto* member = find_tool_member(name);
    Call call;
    ToolOutcome outcome;
    if (!member)
        outcome.error = unknown_tool_text(name);
    else if (!is_tool_enabled(*member, configs))
        outcome.error = disabled_tool_text(name);
    else
        outcome = co_await try_to_run(*member, input, call);
    auto tabs = co_await tabs_after(outcome);
    std::vector<page::DialogRecord> dismissed;
    for (const auto& page : call.pages)
        for (auto& record : page->take_dismissed()) dismissed.push_back(std::move(record));
    co_return state_.finish(member, input, outcome, std::move(tabs), pages_.downloads().list(),
                            std::move(dismissed));
}

/// Until the page has drawn what an action made of it, or has arrived where the action led.
Task<> Toolset::settle(page::Page& page) {
    cdp::LoadWatch watch{executor_, page.shared_tab()};
    try {
        co_await page.run(page.main_frame(), "painted", {});
        if (page.is_loading()) co_await watch.wait({}, "load", settling_time);
    } catch (const core::Error&) {
        // A page that goes away, hangs or loads for long is told by the call that needs it.
    }
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
