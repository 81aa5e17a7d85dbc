// Members that act: pointer, keys, fields, files.
#include <fmt/format.h>

#include <cmath>

#include "desk/page/act.hpp"
#include "desk/page/tree.hpp"
#include "desk/page/uploads.hpp"
#include "desk/page/wheel.hpp"
#include "desk/toolset/call.hpp"

namespace carrel::desk::toolset {

namespace {

constexpr double longest_duration = 30;
constexpr double most_repeats = 100;
constexpr double most_notches = 10;
constexpr double notch = 100;  // CSS pixels that a wheel's notch scrolls
constexpr std::size_t longest_typing = 100'000;

page::PageTarget to_page_target(const ToolTarget& target) {
    if (target.type == "ref")
        return {.reference = core::value_or_throw(page::parse_reference(*target.ref)), .point = {}};
    return {.reference = {}, .point = {*target.x, *target.y}};
}

int reference_of(const ToolTarget& target) {
    if (target.type != "ref") throw invalid("target: expected a ref target");
    return core::value_or_throw(page::parse_reference(*target.ref));
}

void want_coordinate(const ToolTarget& target, std::string_view name) {
    if (target.type != "coordinate") throw invalid(fmt::format("{}: expected a coordinate target", name));
}

/// In order, each chord's keys as they are pressed.
std::vector<std::vector<page::PageKey>> parse_keys(std::string_view text) {
    std::vector<std::vector<page::PageKey>> result;
    for (const auto& chord : core::value_or_throw(input::parse_chords(text))) {
        auto& keys = result.emplace_back();
        for (const auto keysym : chord) keys.push_back(core::value_or_throw(page::page_key(keysym)));
    }
    return result;
}

page::ScrollEnd scroll_end_of(std::string_view direction) {
    using enum page::ScrollEnd;
    if (direction == "up") return top;
    if (direction == "down") return bottom;
    if (direction == "left") return left;
    if (direction == "right") return right;
    throw invalid("scroll_direction is up, down, left or right");
}

async::Duration duration_of(double seconds) {
    if (!(seconds >= 0 && seconds <= longest_duration))
        throw invalid(fmt::format("duration is between 0 and {:g} seconds", longest_duration));
    return std::chrono::duration_cast<async::Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

Task<page::PagePoint> ToolCall::point_of(const ToolTarget& target) {
    co_return co_await page::locate(session_.pages, *page_, to_page_target(target));
}

Task<ToolOutcome> ToolCall::click_with(std::string button, int count) {
    auto modifiers = core::value_or_throw(page::parse_modifiers(input_.modifiers));
    auto& page = *co_await get_page_in_turn();
    const auto at = co_await point_of(input_.target);
    co_await page::click(page, at,
                         {.button = std::move(button), .count = count, .modifiers = std::move(modifiers)});
    co_await settle(page);
    co_return ToolOutcome{};
}

Task<ToolOutcome> ToolCall::hover() {
    auto& page = *co_await get_page_in_turn();
    co_await page::move_pointer(page, co_await point_of(input_.target));
    co_await settle(page);
    co_return ToolOutcome{};
}

Task<ToolOutcome> ToolCall::left_click_drag() {
    want_coordinate(input_.from, "from");
    want_coordinate(input_.target, "target");
    auto& page = *co_await get_page_in_turn();
    const auto from = co_await point_of(input_.from);
    const auto to = co_await point_of(input_.target);
    co_await page::drag(page, from, to);
    co_await settle(page);
    co_return ToolOutcome{};
}

Task<ToolOutcome> ToolCall::left_mouse_down() {
    want_coordinate(input_.target, "target");
    auto& page = *co_await get_page_in_turn();
    co_await page::press_button(page, co_await point_of(input_.target));
    co_return ToolOutcome{};
}

Task<ToolOutcome> ToolCall::left_mouse_up() {
    want_coordinate(input_.target, "target");
    auto& page = *co_await get_page_in_turn();
    auto target = to_page_target(input_.target);
    target.is_release = true;
    co_await page::release_button(page, co_await page::locate(session_.pages, page, std::move(target)));
    co_await settle(page);
    co_return ToolOutcome{};
}

Task<ToolOutcome> ToolCall::mouse_move() {
    want_coordinate(input_.target, "target");
    auto& page = *co_await get_page_in_turn();
    co_await page::move_pointer(page, co_await point_of(input_.target));
    co_return ToolOutcome{};
}

Task<ToolOutcome> ToolCall::scroll() {
    const double amount = input_.scroll_amount;
    const auto end = scroll_end_of(input_.scroll_direction);
    if (!(amount >= 1 && amount <= most_notches))
        throw invalid(fmt::format("scroll_amount is between 1 and {:g}", most_notches));
    auto& page = *co_await get_page_in_turn();
    const auto at = co_await point_of(input_.target);
    const auto scrolled = co_await page::scroll_at(page, at, end, amount * notch);
    co_await settle(page);
    auto sentence = page::to_sentence(scrolled, end);
    if (scrolled.outcome == page::Scrolled::Outcome::nothing)
        co_return ToolOutcome{.error = "Error: " + std::move(sentence)};
    co_return ToolOutcome{.text = std::move(sentence)};
}

Task<ToolOutcome> ToolCall::scroll_into_view() {
    const int reference = reference_of(input_.target);
    auto& page = *co_await get_page_in_turn();
    const auto cover = co_await page::scroll_to(session_.pages, page, reference);
    if (cover.empty()) co_return ToolOutcome{};
    co_return ToolOutcome{.text = fmt::format("It is covered by {} there.", cover)};
}

Task<ToolOutcome> ToolCall::type() {
    if (input_.text.size() > longest_typing)
        throw invalid(fmt::format("a text to type has at most {} bytes", longest_typing));
    auto pieces = core::value_or_throw(page::typed_pieces(input_.text));
    auto& page = *co_await get_page_in_turn();
    co_await page::show(session_.pages, page);
    co_await page::type_text(page, std::move(pieces));
    co_await settle(page);
    co_return ToolOutcome{};
}

Task<ToolOutcome> ToolCall::key() {
    const auto repeat = input_.repeat;
    if (!(repeat >= 1 && repeat <= most_repeats))
        throw invalid(fmt::format("repeat is between 1 and {:g}", most_repeats));
    auto chords = parse_keys(input_.text);
    auto& page = *co_await get_page_in_turn();
    co_await page::show(session_.pages, page);
    co_await page::press_keys(page, std::move(chords), static_cast<int>(repeat));
    co_await settle(page);
    co_return ToolOutcome{};
}

Task<ToolOutcome> ToolCall::hold_key() {
    const auto duration = duration_of(input_.duration);
    auto chords = parse_keys(input_.text);
    if (chords.size() != 1) throw invalid("hold_key holds one key or one chord, such as shift or ctrl+a");
    auto& page = *co_await get_page_in_turn();
    co_await page::show(session_.pages, page);
    co_await page::hold_keys(page, std::move(chords.front()), duration);
    co_await settle(page);
    co_return ToolOutcome{};
}

Task<ToolOutcome> ToolCall::form_input() {
    const int reference = reference_of(input_.target);
    auto& page = *co_await get_page_in_turn();
    const auto state = co_await page::set_field(session_.pages, page, reference, input_.value);
    co_await settle(page);
    if (!state.is_changed) co_return ToolOutcome{};
    co_return ToolOutcome{.text = fmt::format("The page made {} of it.", json::to_text(state.value))};
}

Task<ToolOutcome> ToolCall::file_upload() {
    const int reference = reference_of(input_.target);
    if (!input_.document_ids.empty())
        throw invalid("this browser takes files by their paths on the desk, not by document ids");
    if (input_.paths.empty()) throw invalid("file_upload needs at least one path");
    auto paths = co_await page::find_uploads(session_.pool, session_.home, input_.paths);
    auto& page = *co_await get_page_in_turn();
    co_await page::give_files(page, reference, std::move(paths));
    co_await settle(page);
    co_return ToolOutcome{};
}

Task<ToolOutcome> ToolCall::wait() {
    co_await async::pause(duration_of(input_.duration));
    co_return ToolOutcome{};
}

}  // namespace carrel::desk::toolset
