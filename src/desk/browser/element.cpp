#include "desk/browser/element.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "desk/browser/element_script.hpp"
#include "desk/cdp/typing.hpp"

namespace carrel::desk::browser {

namespace {

using core::Code;
using core::Error;
using std::chrono::milliseconds;

/// Beyond the page's own counting: the page may be slow to answer.
constexpr milliseconds look_grace{3'000};
/// Of the second look, for which others wait.
constexpr milliseconds least_look{300};
constexpr milliseconds longest_look{2'000};
/// For who has found the element when the time is nearly over.
constexpr milliseconds least_turn{1'000};
constexpr milliseconds scroll_time{10'000};

milliseconds time_left(std::chrono::steady_clock::time_point end) {
    return std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
}

json::Value or_null(const std::optional<std::string>& text) {
    return text ? json::Value(*text) : json::Value(nullptr);
}

double number(const json::Value& value, std::string_view name) {
    const auto* member = json::find(value, name);
    if (!member || !member->is_number()) return 0;
    return member->to_number<double>();
}

void throw_if_wrong(const json::Value& found, std::string_view selector) {
    const auto wrong = json::text_or(found, "wrong");
    if (wrong.empty()) return;
    const auto text = fmt::format("\"{}\": {}", core::utf8_prefix(selector, 200), wrong);
    if (json::text_or(found, "kind") == "selector") throw Error{Code::invalid, text, "bad_selector"};
    throw Error{Code::conflict, text, "no_such_element"};
}

/// An input event. The page that answers it with a dialog has got it.
Task<> dispatch(cdp::Tab& tab, json::Object event) {
    try {
        co_await tab.call("Input.dispatchMouseEvent", std::move(event));
    } catch (const Error& error) {
        if (error.reason() != "dialog_open") throw;
    }
}

Task<> move_to(cdp::Tab& tab, Place place) {
    return dispatch(tab, {{"type", "mouseMoved"}, {"x", place.x}, {"y", place.y}, {"button", "none"}});
}

Task<> press(cdp::Tab& tab, Place place, std::string_view type) {
    return dispatch(tab, {{"type", type},
                          {"x", place.x},
                          {"y", place.y},
                          {"button", "left"},
                          {"buttons", type == "mousePressed" ? 1 : 0},
                          {"clickCount", 1}});
}

/// The script with what it calls `watchTyping`.
std::string watching(std::string_view script) {
    return fmt::format("(...given) => {{ const watchTyping = {};\nreturn ({})(...given); }}",
                       cdp::typing_watch_script, script);
}

Task<> type_text(cdp::Tab& tab, const std::string& text) {
    if (!text.empty()) {
        co_await tab.call("Input.insertText", {{"text", text}});
        co_return;
    }
    // What is selected is taken away by a key.
    for (const auto* type : {"rawKeyDown", "keyUp"})
        co_await tab.call(
            "Input.dispatchKeyEvent",
            {{"type", type}, {"key", "Delete"}, {"code", "Delete"}, {"windowsVirtualKeyCode", 46}});
}

}  // namespace

Task<Place> wait_for_element(cdp::Tab& tab, std::string selector, std::string_view state,
                             milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (bool is_in_front = false;; is_in_front = true) {
        const auto left = std::max(milliseconds{0}, time_left(end));
        const auto found =
            co_await tab.run(find_element_script, {selector, state, left.count()}, left + look_grace);
        if (json::text_or(found, "kind") != "hidden_tab") {
            throw_if_wrong(found, selector);
            co_return Place{number(found, "x"), number(found, "y")};
        }
        if (is_in_front)
            throw Error{Code::conflict, "the tab cannot be brought to the front: its window is hidden",
                        "tab_hidden"};
        co_await tab.call("Page.bringToFront");
        co_await tab.run(
            "() => new Promise((resolve) => document.visibilityState === 'visible' ? resolve() : "
            "(addEventListener('visibilitychange', resolve, { once: true }), "
            "scheduler.postTask(resolve, { delay: 2000 })))");
    }
}

namespace {

/// A turn, and where the element is then: who acted before may have moved it.
struct Aim {
    async::Turns::Turn turn;
    Place place;
};

Task<Aim> aim_at(cdp::Tab& tab, std::string selector, milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    auto place = co_await wait_for_element(tab, selector, "hit", limit);
    const bool must_wait = tab.input().is_taken();
    auto turn = co_await tab.take_turn(std::max(least_turn, time_left(end)));
    if (must_wait)
        place = co_await wait_for_element(tab, selector, "hit",
                                          std::clamp(time_left(end), least_look, longest_look));
    co_return Aim{std::move(turn), place};
}

}  // namespace

Task<> hover_element(cdp::Tab& tab, std::string selector, milliseconds limit) {
    const auto aim = co_await aim_at(tab, std::move(selector), limit);
    co_await move_to(tab, aim.place);
}

Task<> click_element(cdp::Tab& tab, std::string selector, milliseconds limit) {
    const auto aim = co_await aim_at(tab, std::move(selector), limit);
    const auto place = aim.place;
    co_await move_to(tab, place);
    co_await press(tab, place, "mousePressed");
    if (!tab.dialog()) co_await press(tab, place, "mouseReleased");
}

Task<std::string> fill_field(cdp::Tab& tab, std::string selector, std::string value, milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    co_await wait_for_element(tab, selector, "field", limit);
    // What is typed goes to the field that has the keyboard: nobody may take it away meanwhile.
    const auto turn = co_await tab.take_turn(std::max(least_turn, time_left(end)));
    const auto prepared = co_await tab.run(watching(prepare_field_script), {selector, value});
    if (const auto wrong = json::text_or(prepared, "wrong"); !wrong.empty())
        throw Error{Code::conflict, fmt::format("\"{}\": {}", core::utf8_prefix(selector, 200), wrong),
                    "bad_value"};
    if (!json::find(prepared, "type")) co_return std::string{json::text_or(prepared, "value")};
    co_await type_text(tab, value);
    const auto finished = co_await tab.run(finish_field_script, {selector, value});
    if (json::flag_of(finished, "moved"))
        throw Error{
            Code::conflict,
            fmt::format("the focus moved away from \"{}\" while it was typed into: it was not set, and a "
                        "frame of the page that has the focus now may have got the text; look, and try "
                        "again",
                        core::utf8_prefix(selector, 200)),
            "focus_moved"};
    co_return std::string{json::text_or(finished, "value")};
}

Task<json::Value> read_text(cdp::Tab& tab, std::optional<std::string> selector, int most,
                            milliseconds limit) {
    if (selector) co_await wait_for_element(tab, *selector, "attached", limit);
    co_return co_await tab.run(read_text_script, {or_null(selector), most}, limit + look_grace);
}

Task<json::Value> read_html(cdp::Tab& tab, int most) { return tab.run(read_html_script, {most}); }

Task<json::Value> scroll_by(cdp::Tab& tab, std::optional<std::string> selector, int dx, int dy) {
    const auto turn = co_await tab.take_turn(scroll_time);
    auto answer = co_await tab.run(scroll_script, {or_null(selector), dx, dy});
    throw_if_wrong(answer, selector.value_or(""));
    co_return answer;
}

}  // namespace carrel::desk::browser
