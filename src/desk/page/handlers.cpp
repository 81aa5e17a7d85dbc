#include "desk/page/handlers.hpp"

#include <fmt/format.h>

#include <cctype>

#include "desk/desktop/observe.hpp"
#include "desk/page/act.hpp"
#include "desk/page/read.hpp"
#include "desk/page/uploads.hpp"
#include "desk/page/wheel.hpp"
#include "ops/desk/page.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::page {

namespace {

json::Object answer_of(const Page& page) { return {{"success", true}, {"tab_id", page.id()}}; }

/// What the page shows after an action, when it waits for an answer.
void add_dialog(json::Object& answer, Page& page) {
    if (const auto& dialog = page.tab().dialog())
        answer["dialog"] = {{"type", one_line(dialog->type, 20)},
                            {"message", one_line(dialog->message, 2'000)}};
}

int reference_or_refuse(std::string_view text) {
    auto number = parse_reference(text);
    if (!number) throw rest::unprocessable({"ref"}, number.error().message());
    return *number;
}

PageTarget target_of(const ops::PointOnPage& wish) {
    if (wish.ref.has_value() == wish.coordinate.has_value())
        throw rest::unprocessable(
            {"ref"}, wish.ref ? "give a ref or a coordinate, not both" : "give a ref or a coordinate");
    if (wish.ref) return {.reference = reference_or_refuse(*wish.ref), .point = {}};
    return {.reference = {},
            .point = {static_cast<double>(wish.coordinate->x), static_cast<double>(wish.coordinate->y)}};
}

std::string named(const ops::PointOnPage& wish) {
    return wish.ref ? *wish.ref : fmt::format("{}, {}", wish.coordinate->x, wish.coordinate->y);
}

Task<net::Response> read(Pages& pages, net::Request& request) {
    auto wish = co_await rest::decode_body(request, ops::read_page_shape());
    ReadWish how{.filter = wish.filter == "visible" ? "" : wish.filter,
                 .depth = wish.depth,
                 .reference = {},
                 .characters = static_cast<std::size_t>(wish.max_chars)};
    if (wish.ref) how.reference = reference_or_refuse(*wish.ref);
    const auto page = co_await pages.get(wish.tab);
    const auto view = co_await read_page(*page, how);
    auto [text, is_truncated] = render_view(view, how);
    auto answer = answer_of(*page);
    answer["text"] = std::move(text);
    answer["url"] = view.url;
    answer["title"] = view.title;
    answer["truncated"] = is_truncated;
    answer["elements"] = view.entries.size();
    answer["outside_viewport"] = view.outside;
    co_return rest::json_answer(answer);
}

Task<net::Response> text(Pages& pages, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::read_page_text_shape());
    const auto page = co_await pages.get(wish.tab);
    auto found = co_await read_text(*page, static_cast<std::size_t>(wish.max_chars));
    auto answer = answer_of(*page);
    answer["text"] = std::move(found.text);
    answer["url"] = std::move(found.url);
    answer["title"] = std::move(found.title);
    answer["source"] = std::move(found.source);
    answer["truncated"] = found.is_truncated;
    co_return rest::json_answer(answer);
}

Task<net::Response> find(Pages& pages, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::find_in_page_shape());
    const auto page = co_await pages.get(wish.tab);
    const auto found = co_await find_in_page(*page, wish.query, static_cast<std::size_t>(wish.limit));
    json::Array matches;
    for (const auto& match : found.elements)
        matches.push_back(json::Object{{"ref", fmt::format("ref_{}", match.entry.number)},
                                       {"role", match.entry.role},
                                       {"name", match.entry.name},
                                       {"text", to_line(match)}});
    auto answer = answer_of(*page);
    answer["matches"] = std::move(matches);
    answer["truncated"] = found.is_cut;
    co_return rest::json_answer(answer);
}

/// An action in the words of its answer: with what the desk made of it, when that is asked for.
Task<json::Object> acted(desktop::Display& display, Page& page, const ops::Observe& wish, Task<> action,
                         std::string output) {
    json::Object answer;
    if (wish.observe == "none" && !wish.screenshot.value_or(false)) {
        co_await std::move(action);
        answer = {{"success", true}, {"output", std::move(output)}};
    } else {
        const auto desktop = co_await display.desktop();
        answer = co_await desktop::act_and_describe(desktop, wish, std::move(action), std::move(output));
    }
    answer["tab_id"] = page.id();
    add_dialog(answer, page);
    co_return answer;
}

Task<> find_and_click(Pages& pages, Page& page, PageTarget target, ClickWish how, PagePoint& at) {
    const auto turn = co_await page.take_turn();
    at = co_await locate(pages, page, target);
    co_await click(page, at, std::move(how));
}

Task<> find_and_hover(Pages& pages, Page& page, PageTarget target, PagePoint& at) {
    const auto turn = co_await page.take_turn();
    at = co_await locate(pages, page, target);
    co_await move_pointer(page, at);
}

net::Response pointed(json::Object answer, PagePoint at) {
    answer["x"] = at.x;
    answer["y"] = at.y;
    return rest::json_answer(answer);
}

Task<net::Response> click_handler(Pages& pages, desktop::Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::click_page_shape());
    auto modifiers = parse_modifiers(wish.modifiers);
    if (!modifiers) throw rest::unprocessable({"modifiers"}, modifiers.error().message());
    const auto target = target_of(wish);
    const auto page = co_await pages.get(wish.tab);
    PagePoint at;
    auto action =
        find_and_click(pages, *page, target,
                       {.button = wish.button, .count = wish.count, .modifiers = std::move(*modifiers)}, at);
    auto answer =
        co_await acted(display, *page, wish, std::move(action), fmt::format("Clicked {}.", named(wish)));
    co_return pointed(std::move(answer), at);
}

Task<net::Response> hover(Pages& pages, desktop::Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::hover_page_shape());
    const auto target = target_of(wish);
    const auto page = co_await pages.get(wish.tab);
    PagePoint at;
    auto answer = co_await acted(display, *page, wish, find_and_hover(pages, *page, target, at),
                                 fmt::format("The pointer is at {}.", named(wish)));
    co_return pointed(std::move(answer), at);
}

ScrollEnd end_of(std::string_view direction) {
    using enum ScrollEnd;
    return direction == "up" ? top : direction == "left" ? left : direction == "right" ? right : bottom;
}

Task<> find_and_scroll(Pages& pages, Page& page, PageTarget target, ScrollEnd end, double pixels,
                       PagePoint& at, Scrolled& scrolled) {
    const auto turn = co_await page.take_turn();
    at = co_await locate(pages, page, target);
    scrolled = co_await scroll_at(page, at, end, pixels);
}

Task<net::Response> scroll(Pages& pages, desktop::Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::scroll_at_point_shape());
    const auto target = target_of(wish);
    const auto end = end_of(wish.direction);
    const auto page = co_await pages.get(wish.tab);
    PagePoint at;
    Scrolled scrolled;
    auto answer = co_await acted(display, *page, wish,
                                 find_and_scroll(pages, *page, target, end, wish.amount, at, scrolled), {});
    auto sentence = to_sentence(scrolled, end);
    using enum Scrolled::Outcome;
    if (scrolled.outcome == nothing) {
        answer["success"] = false;
        answer["error"] = sentence;
    }
    answer["output"] = std::move(sentence);
    if (scrolled.outcome == moved || scrolled.outcome == nothing)
        answer["scrolled"] = {
            {"box", scrolled.box}, {"by", scrolled.by}, {"ahead", scrolled.ahead}, {"back", scrolled.back}};
    co_return pointed(std::move(answer), at);
}

Task<> scroll_there(Pages& pages, Page& page, int number, std::string& cover) {
    const auto turn = co_await page.take_turn();
    cover = co_await scroll_to(pages, page, number);
}

Task<net::Response> reveal(Pages& pages, desktop::Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::on_reference_shape());
    const int number = reference_or_refuse(wish.ref);
    const auto page = co_await pages.get(wish.tab);
    std::string cover;
    auto answer = co_await acted(display, *page, wish, scroll_there(pages, *page, number, cover),
                                 fmt::format("Scrolled to ref_{}.", number));
    if (!cover.empty())
        answer["output"] = fmt::format("Scrolled to ref_{}, which is covered by {} there.", number, cover);
    co_return rest::json_answer(answer);
}

Task<> fill_field(Pages& pages, Page& page, int number, json::Value value, FieldState& state) {
    const auto turn = co_await page.take_turn();
    state = co_await set_field(pages, page, number, std::move(value));
}

Task<net::Response> fill(Pages& pages, desktop::Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::form_input_shape());
    const int number = reference_or_refuse(wish.ref);
    const auto page = co_await pages.get(wish.tab);
    FieldState state;
    auto answer = co_await acted(display, *page, wish, fill_field(pages, *page, number, wish.value, state),
                                 fmt::format("Set the value of ref_{}.", number));
    answer["value"] = state.value;
    answer["changed_by_page"] = state.is_changed;
    co_return rest::json_answer(answer);
}

Task<> upload_files(Page& page, int number, std::vector<std::string> paths) {
    const auto turn = co_await page.take_turn();
    co_await give_files(page, number, std::move(paths));
}

Task<net::Response> upload(Pages& pages, desktop::Display& display, async::Pool& pool,
                           const std::string& home, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::upload_to_page_shape());
    const int number = reference_or_refuse(wish.ref);
    auto paths = co_await find_uploads(pool, home, wish.paths);
    auto output =
        fmt::format("Gave {} file{} to ref_{}.", paths.size(), paths.size() == 1 ? "" : "s", number);
    const auto page = co_await pages.get(wish.tab);
    co_return rest::json_answer(co_await acted(
        display, *page, wish, upload_files(*page, number, std::move(paths)), std::move(output)));
}

/// Looks only, unless it is to be answered. It takes no turn: who has it may wait for this answer.
Task<> answer_or_look(Page& page, ops::AnswerDialog wish) {
    if (wish.action == "look") co_return;
    co_await page.answer_dialog({.accepts = wish.action == "accept",
                                 .text = std::move(wish.text),
                                 .user = std::move(wish.user),
                                 .password = std::move(wish.password)});
}

Task<net::Response> dialog(Pages& pages, desktop::Display& display, net::Request& request) {
    const auto wish = co_await rest::decode_body(request, ops::answer_dialog_shape());
    const auto page = co_await pages.get(wish.tab);
    auto output = wish.action == "look"
                      ? std::string{page->tab().dialog() ? "A dialog is open." : "No dialog is open."}
                      : fmt::format("The dialog is {}ed.", wish.action == "accept" ? "accept" : "dismiss");
    auto answer = co_await acted(display, *page, wish, answer_or_look(*page, wish), std::move(output));
    json::Array records;
    for (const auto& record : page->dialogs())
        records.push_back(json::Object{{"type", record.type},
                                       {"message", record.message},
                                       {"open", record.is_open},
                                       {"accepted", record.is_accepted},
                                       {"text", record.text}});
    answer["dialogs"] = std::move(records);
    co_return rest::json_answer(answer);
}

}  // namespace

std::vector<rest::Binding> bind_page(Pages& pages, desktop::Display& display, async::Pool& pool,
                                     std::string home) {
    return {
        {"browser/page/read", "POST", [&](net::Request& request) { return read(pages, request); }},
        {"browser/page/text", "POST", [&](net::Request& request) { return text(pages, request); }},
        {"browser/page/find", "POST", [&](net::Request& request) { return find(pages, request); }},
        {"browser/page/click", "POST",
         [&](net::Request& request) { return click_handler(pages, display, request); }},
        {"browser/page/hover", "POST", [&](net::Request& request) { return hover(pages, display, request); }},
        {"browser/page/scroll", "POST",
         [&](net::Request& request) { return scroll(pages, display, request); }},
        {"browser/page/scroll_to", "POST",
         [&](net::Request& request) { return reveal(pages, display, request); }},
        {"browser/page/form_input", "POST",
         [&](net::Request& request) { return fill(pages, display, request); }},
        {"browser/page/upload", "POST",
         [&pages, &display, &pool, home](net::Request& request) {
             return upload(pages, display, pool, home, request);
         }},
        {"browser/page/dialog", "POST",
         [&](net::Request& request) { return dialog(pages, display, request); }},
    };
}

}  // namespace carrel::desk::page
