#include "desk/browser/control.hpp"
#include "desk/cdp/navigation.hpp"
#include "ops/desk/cdp.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk::browser {

namespace {

using namespace std::chrono_literals;

constexpr auto page_loading_time = 30s;

Task<json::Object> describe(std::shared_ptr<cdp::Tab> tab) {
    const auto page = co_await cdp::describe_page(*tab);
    co_return json::Object{{"tab_id", tab->id()}, {"url", page.url}, {"title", page.title}};
}

Task<json::Object> list(BrowserControl& control, ops::Nothing) {
    json::Array tabs;
    for (const auto& tab : co_await control.tabs.list())
        tabs.push_back(json::Object{
            {"tab_id", tab.id}, {"url", tab.url}, {"title", tab.title}, {"is_active", tab.is_active}});
    co_return json::Object{{"tabs", std::move(tabs)}};
}

Task<json::Object> open_new(BrowserControl& control, ops::NewTab wish) {
    const auto urls = checked_addresses(wish.url);
    co_await control.ensure_open();
    // Opened empty and then sent there, so that nothing of the page's coming is missed.
    const auto tab = co_await control.tabs.get(co_await control.tabs.open("about:blank", wish.new_window));
    if (urls.front() != "about:blank")
        co_await cdp::navigate_first(control.executor, tab, urls, "load", page_loading_time);
    co_return co_await describe(tab);
}

Task<json::Object> switch_to(BrowserControl& control, ops::InTab wish) {
    const auto tab = co_await control.tabs.get(wish.tab);
    co_await control.tabs.activate(tab->id());
    co_return co_await describe(tab);
}

Task<json::Object> close(BrowserControl& control, ops::InTab wish) {
    const auto tab = co_await control.tabs.get(wish.tab);
    co_await control.tabs.close(tab->id());
    co_return json::Object{{"message", "The tab is closed."}};
}

Task<json::Object> go_back(BrowserControl& control, ops::InTab wish) {
    const auto tab = co_await control.tabs.get(wish.tab);
    co_await cdp::go_in_history(control.executor, tab, -1, page_loading_time);
    co_return co_await describe(tab);
}

Task<json::Object> go_forward(BrowserControl& control, ops::InTab wish) {
    const auto tab = co_await control.tabs.get(wish.tab);
    co_await cdp::go_in_history(control.executor, tab, 1, page_loading_time);
    co_return co_await describe(tab);
}

Task<json::Object> load_again(BrowserControl& control, ops::InTab wish) {
    const auto tab = co_await control.tabs.get(wish.tab);
    co_await cdp::reload(control.executor, tab, page_loading_time);
    co_return co_await describe(tab);
}

Task<json::Object> stop(BrowserControl& control, ops::InTab wish) {
    const auto tab = co_await control.tabs.get(wish.tab);
    co_await tab->call("Page.stopLoading");
    co_return co_await describe(tab);
}

}  // namespace

std::vector<rest::Binding> bind_tabs(BrowserControl& control) {
    return {
        get_binding("browser/tabs", control, ops::nothing_shape(), list),
        post_binding("browser/tabs/new", control, ops::new_tab_shape(), open_new),
        post_binding("browser/tabs/switch", control, ops::in_tab_shape(), switch_to),
        post_binding("browser/tabs/close", control, ops::in_tab_shape(), close),
        post_binding("browser/tabs/back", control, ops::in_tab_shape(), go_back),
        post_binding("browser/tabs/forward", control, ops::in_tab_shape(), go_forward),
        post_binding("browser/tabs/reload", control, ops::in_tab_shape(), load_again),
        post_binding("browser/tabs/stop", control, ops::in_tab_shape(), stop),
    };
}

}  // namespace carrel::desk::browser
