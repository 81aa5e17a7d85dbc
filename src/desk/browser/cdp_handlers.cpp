#include <fmt/format.h>

#include "core/text.hpp"
#include "desk/browser/control.hpp"
#include "desk/browser/element.hpp"
#include "desk/browser/evaluate.hpp"
#include "desk/cdp/leaving.hpp"
#include "desk/cdp/navigation.hpp"
#include "ops/desk/cdp.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk::browser {

namespace {

using std::chrono::milliseconds;

std::string shown(const std::string& selector) {
    return fmt::format("\"{}\"", core::utf8_prefix(selector, 200));
}

json::Object with_message(std::string text) { return {{"message", std::move(text)}}; }

/// {`name`, length} of a page, with at most `most` characters as JavaScript counts them.
json::Object bounded_text(const json::Value& read, std::string_view name, int most) {
    const auto* length = json::find(read, "length");
    const auto total = length && length->is_int64() ? length->get_int64() : 0;
    return {{name, json::text_or(read, name)}, {"is_truncated", total > most}, {"total_chars", total}};
}

Task<json::Object> navigate_to(BrowserControl& control, ops::Navigate wish) {
    const auto urls = checked_addresses(wish.url);
    const auto tab = co_await control.open_tab(wish.tab);
    co_await cdp::navigate_first(control.executor, tab, urls, wish.wait_until, milliseconds{wish.timeout_ms});
    // One that hangs as soon as it is there is described by the browser.
    const auto page = co_await cdp::describe_page(*tab, cdp::patience_of(milliseconds{wish.timeout_ms}));
    json::Object answer{{"url", page.url}, {"title", page.title}};
    if (page.is_pdf) answer["note"] = cdp::pdf_note;
    co_return answer;
}

Task<json::Object> get_text(BrowserControl& control, ops::GetText wish) {
    const auto tab = co_await control.tabs.get(wish.tab);
    const auto read = co_await read_text(*tab, wish.selector, wish.max_chars, milliseconds{wish.timeout_ms});
    co_return bounded_text(read, "text", wish.max_chars);
}

Task<json::Object> get_html(BrowserControl& control, ops::GetHtml wish) {
    const auto tab = co_await control.tabs.get(wish.tab);
    const auto read = co_await read_html(*tab, wish.max_chars);
    auto answer = bounded_text(read, "html", wish.max_chars);
    answer["url"] = json::text_or(read, "url");
    co_return answer;
}

/// What was done, and that the page has answered it with a dialog, if so.
json::Object done_to(const cdp::Tab& tab, std::string text) {
    if (tab.dialog())
        text += fmt::format(" The page shows a dialog now ({}: \"{}\").", tab.dialog()->type,
                            core::utf8_prefix(tab.dialog()->message, 500));
    return with_message(std::move(text));
}

Task<json::Object> click(BrowserControl& control, ops::OnElement wish) {
    const auto tab = co_await control.tabs.get(wish.tab);
    co_await click_element(*tab, wish.selector, milliseconds{wish.timeout_ms});
    co_return done_to(*tab, fmt::format("Clicked {}.", shown(wish.selector)));
}

Task<json::Object> hover(BrowserControl& control, ops::OnElement wish) {
    const auto tab = co_await control.tabs.get(wish.tab);
    co_await hover_element(*tab, wish.selector, milliseconds{wish.timeout_ms});
    co_return done_to(*tab, fmt::format("The pointer is over {}.", shown(wish.selector)));
}

Task<json::Object> fill(BrowserControl& control, ops::FillInput wish) {
    const auto tab = co_await control.tabs.get(wish.tab);
    auto value = co_await fill_field(*tab, wish.selector, wish.value, milliseconds{wish.timeout_ms});
    auto answer = done_to(*tab, fmt::format("Filled {}.", shown(wish.selector)));
    answer["value"] = std::move(value);
    co_return answer;
}

Task<json::Object> wait_for(BrowserControl& control, ops::WaitForSelector wish) {
    const auto tab = co_await control.tabs.get(wish.tab);
    co_await wait_for_element(*tab, wish.selector, wish.state, milliseconds{wish.timeout_ms});
    co_return with_message(fmt::format("{} is {}.", shown(wish.selector), wish.state));
}

Task<json::Object> run_script(BrowserControl& control, ops::Evaluate wish) {
    const auto tab = co_await control.tabs.get(wish.tab);
    co_return json::Object{{"result", co_await evaluate(*tab, std::move(wish.script), std::move(wish.frame),
                                                        milliseconds{wish.timeout_ms})}};
}

Task<json::Object> scroll(BrowserControl& control, ops::ScrollPage wish) {
    const auto tab = co_await control.tabs.get(wish.tab);
    const int amount = wish.direction == "up" || wish.direction == "left" ? -wish.amount : wish.amount;
    const bool is_sideways = wish.direction == "left" || wish.direction == "right";
    const auto place =
        co_await scroll_by(*tab, wish.selector, is_sideways ? amount : 0, is_sideways ? 0 : amount);
    auto answer = with_message(fmt::format("Scrolled {} by {} pixels.", wish.direction, wish.amount));
    for (const auto* name : {"x", "y"})
        if (const auto* at = json::find(place, name)) answer[name] = *at;
    co_return answer;
}

Task<json::Object> describe(BrowserControl& control, ops::InTab wish) {
    const auto tab = co_await control.tabs.get(wish.tab);
    const auto page = co_await cdp::describe_page(*tab);
    co_return json::Object{{"url", page.url}, {"title", page.title}};
}

}  // namespace

std::vector<rest::Binding> bind_cdp(BrowserControl& control) {
    return {
        post_binding("browser/cdp/navigate", control, ops::navigate_shape(), navigate_to),
        post_binding("browser/cdp/get_text", control, ops::get_text_shape(), get_text),
        post_binding("browser/cdp/click_selector", control, ops::on_element_shape(), click),
        post_binding("browser/cdp/fill_input", control, ops::fill_input_shape(), fill),
        post_binding("browser/cdp/evaluate", control, ops::evaluate_shape(), run_script),
        post_binding("browser/cdp/scroll", control, ops::scroll_page_shape(), scroll),
        post_binding("browser/cdp/hover", control, ops::on_element_shape(), hover),
        post_binding("browser/cdp/wait_for_selector", control, ops::wait_for_selector_shape(), wait_for),
        get_binding("browser/cdp/url", control, ops::in_tab_shape(), describe),
        get_binding("browser/cdp/html", control, ops::get_html_shape(), get_html),
    };
}

}  // namespace carrel::desk::browser
