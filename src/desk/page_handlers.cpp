#include "desk/page_handlers.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cctype>
#include <filesystem>
#include <ranges>

#include "core/text.hpp"
#include "desk/page_act.hpp"
#include "desk/page_read.hpp"
#include "ops/desk_page.hpp"

namespace carrel::desk {

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
    if (!number) throw unprocessable({"ref"}, number.error().message());
    return *number;
}

PageTarget target_of(const ops::PointOnPage& wish) {
    if (wish.ref.has_value() == wish.coordinate.has_value())
        throw unprocessable({"ref"},
                            wish.ref ? "give a ref or a coordinate, not both" : "give a ref or a coordinate");
    if (wish.ref) return {.reference = reference_or_refuse(*wish.ref), .point = {}};
    return {.reference = {},
            .point = {static_cast<double>(wish.coordinate->x), static_cast<double>(wish.coordinate->y)}};
}

std::string named(const ops::PointOnPage& wish) {
    return wish.ref ? *wish.ref : fmt::format("{}, {}", wish.coordinate->x, wish.coordinate->y);
}

Task<net::Response> read(Pages& pages, net::Request& request) {
    auto wish = co_await decode_body(request, ops::read_page_shape());
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
    co_return json_answer(answer);
}

Task<net::Response> text(Pages& pages, net::Request& request) {
    const auto wish = co_await decode_body(request, ops::read_page_text_shape());
    const auto page = co_await pages.get(wish.tab);
    auto found = co_await read_text(*page, static_cast<std::size_t>(wish.max_chars));
    auto answer = answer_of(*page);
    answer["text"] = std::move(found.text);
    answer["url"] = std::move(found.url);
    answer["title"] = std::move(found.title);
    answer["source"] = std::move(found.source);
    answer["truncated"] = found.is_truncated;
    co_return json_answer(answer);
}

Task<net::Response> find(Pages& pages, net::Request& request) {
    const auto wish = co_await decode_body(request, ops::find_in_page_shape());
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
    co_return json_answer(answer);
}

json::Object pointed(Page& page, PagePoint at, std::string output) {
    auto answer = answer_of(page);
    answer["output"] = std::move(output);
    answer["x"] = at.x;
    answer["y"] = at.y;
    add_dialog(answer, page);
    return answer;
}

Task<net::Response> click_handler(Pages& pages, net::Request& request) {
    const auto wish = co_await decode_body(request, ops::click_page_shape());
    auto modifiers = parse_modifiers(wish.modifiers);
    if (!modifiers) throw unprocessable({"modifiers"}, modifiers.error().message());
    const auto target = target_of(wish);
    const auto page = co_await pages.get(wish.tab);
    const auto at = co_await locate(pages, *page, target);
    co_await click(*page, at,
                   {.button = wish.button, .count = wish.count, .modifiers = std::move(*modifiers)});
    co_return json_answer(pointed(*page, at, fmt::format("Clicked {}.", named(wish))));
}

Task<net::Response> hover(Pages& pages, net::Request& request) {
    const auto wish = co_await decode_body(request, ops::hover_page_shape());
    const auto target = target_of(wish);
    const auto page = co_await pages.get(wish.tab);
    const auto at = co_await locate(pages, *page, target);
    co_await move_pointer(*page, at);
    co_return json_answer(pointed(*page, at, fmt::format("The pointer is at {}.", named(wish))));
}

net::Response acted(Page& page, std::string output) {
    auto answer = answer_of(page);
    answer["output"] = std::move(output);
    add_dialog(answer, page);
    return json_answer(answer);
}

Task<net::Response> scroll(Pages& pages, net::Request& request) {
    const auto wish = co_await decode_body(request, ops::on_reference_shape());
    const int number = reference_or_refuse(wish.ref);
    const auto page = co_await pages.get(wish.tab);
    const auto what = co_await scroll_to(pages, *page, number);
    co_return acted(*page, fmt::format("Scrolled to ref_{} ({}).", number, what));
}

Task<net::Response> fill(Pages& pages, net::Request& request) {
    auto wish = co_await decode_body(request, ops::form_input_shape());
    const int number = reference_or_refuse(wish.ref);
    const auto page = co_await pages.get(wish.tab);
    const auto state = co_await set_field(pages, *page, number, std::move(wish.value));
    auto answer = answer_of(*page);
    answer["output"] = fmt::format("Set the value of ref_{}.", number);
    answer["value"] = state.value;
    answer["changed_by_page"] = state.is_changed;
    add_dialog(answer, *page);
    co_return json_answer(answer);
}

Task<net::Response> upload(Pages& pages, async::Pool& pool, const std::string& home, net::Request& request) {
    const auto wish = co_await decode_body(request, ops::upload_to_page_shape());
    const int number = reference_or_refuse(wish.ref);
    auto paths = co_await find_uploads(pool, home, wish.paths);
    const auto count = paths.size();
    const auto page = co_await pages.get(wish.tab);
    co_await give_files(*page, number, std::move(paths));
    co_return acted(*page, fmt::format("Gave {} file{} to ref_{}.", count, count == 1 ? "" : "s", number));
}

Task<net::Response> dialog(Pages& pages, net::Request& request) {
    const auto wish = co_await decode_body(request, ops::answer_dialog_shape());
    const auto page = co_await pages.get(wish.tab);
    if (wish.action != "look") co_await page->answer_dialog(wish.action == "accept", wish.text);
    auto answer = answer_of(*page);
    add_dialog(answer, *page);
    json::Array records;
    for (const auto& record : page->dialogs())
        records.push_back(json::Object{{"type", record.type},
                                       {"message", record.message},
                                       {"open", record.is_open},
                                       {"accepted", record.is_accepted},
                                       {"text", record.text}});
    answer["dialogs"] = std::move(records);
    co_return json_answer(answer);
}

Task<net::Response> downloads(Pages& pages) {
    try {
        co_await pages.downloads().follow();
    } catch (const core::Error& error) {
        // What a browser that has ended has downloaded is told all the same.
        if (error.code() != core::Code::unavailable) throw;
    }
    json::Array list;
    for (const auto& download : pages.downloads().list().all()) {
        json::Object entry{{"id", download.id},
                           {"url", download.url},
                           {"name", download.name},
                           {"state", name_of(download.state)},
                           {"received", download.received},
                           {"total", download.total}};
        if (!download.path.empty()) entry["path"] = download.path;
        list.push_back(std::move(entry));
    }
    co_return json_answer({{"success", true}, {"downloads", std::move(list)}});
}

json::Object to_json(const ConsoleEntry& entry) {
    return {{"number", entry.number}, {"time", entry.time}, {"level", entry.level},
            {"text", entry.text},     {"url", entry.url},   {"line", entry.line}};
}

json::Object to_json(const NetworkEntry& entry) {
    return {{"number", entry.number},
            {"time", entry.time},
            {"method", entry.method},
            {"url", entry.url},
            {"type", entry.type},
            {"status", entry.status},
            {"media_type", entry.media_type},
            {"bytes", entry.bytes},
            {"milliseconds", entry.milliseconds},
            {"failure", entry.failure},
            {"ended", entry.has_ended},
            {"from_cache", entry.is_from_cache}};
}

/// The last entries that the question fits, oldest first.
template <class Log>
Task<net::Response> read_log(Pages& pages, Log Page::* log, net::Request& request) {
    const auto wish = decode_query(request, ops::read_log_shape());
    const auto page = co_await pages.get(wish.tab);
    const auto pattern = core::to_lower(wish.pattern);
    json::Array newest_first;
    std::size_t left_out = 0;
    for (const auto& entry : ((*page).*log).entries() | std::views::reverse) {
        if (wish.errors_only && !is_error(entry)) continue;
        if (!pattern.empty() && !core::to_lower(to_line(entry)).contains(pattern)) continue;
        if (newest_first.size() < static_cast<std::size_t>(wish.limit))
            newest_first.push_back(to_json(entry));
        else
            ++left_out;
    }
    if (wish.clear) ((*page).*log).clear();
    auto answer = answer_of(*page);
    answer["entries"] = json::Array(newest_first.rbegin(), newest_first.rend());
    answer["left_out"] = left_out;
    co_return json_answer(answer);
}

std::string find_upload(const std::string& home, const std::string& path) {
    const auto whole = path.starts_with("~/")  ? home + path.substr(1)
                       : path.starts_with('/') ? path
                                               : home + "/" + path;
    if (path.empty() || path.contains('\0'))
        throw core::Error{core::Code::invalid, "a path is empty or has a NUL byte", "no_such_file"};
    std::error_code error;
    const bool is_file = std::filesystem::is_regular_file(whole, error);
    if (!is_file || ::access(whole.c_str(), R_OK) != 0)
        throw core::Error{core::Code::invalid,
                          fmt::format("\"{}\" is no file of the desk that can be read", one_line(path, 300)),
                          "no_such_file"};
    return whole;
}

}  // namespace

Task<std::vector<std::string>> find_uploads(async::Pool& pool, std::string home,
                                            std::vector<std::string> paths) {
    return async::run_on(pool, [home = std::move(home), paths = std::move(paths)] {
        std::vector<std::string> found;
        for (const auto& path : paths) found.push_back(find_upload(home, path));
        return found;
    });
}

std::vector<Binding> bind_page(Pages& pages, async::Pool& pool, std::string home) {
    return {
        {"browser/page/read", "POST", [&](net::Request& request) { return read(pages, request); }},
        {"browser/page/text", "POST", [&](net::Request& request) { return text(pages, request); }},
        {"browser/page/find", "POST", [&](net::Request& request) { return find(pages, request); }},
        {"browser/page/click", "POST", [&](net::Request& request) { return click_handler(pages, request); }},
        {"browser/page/hover", "POST", [&](net::Request& request) { return hover(pages, request); }},
        {"browser/page/scroll_to", "POST", [&](net::Request& request) { return scroll(pages, request); }},
        {"browser/page/form_input", "POST", [&](net::Request& request) { return fill(pages, request); }},
        {"browser/page/upload", "POST",
         [&pages, &pool, home](net::Request& request) { return upload(pages, pool, home, request); }},
        {"browser/page/dialog", "POST", [&](net::Request& request) { return dialog(pages, request); }},
        {"browser/page/downloads", "GET", [&](net::Request&) { return downloads(pages); }},
        {"browser/page/console", "GET",
         [&](net::Request& request) { return read_log(pages, &Page::console, request); }},
        {"browser/page/network", "GET",
         [&](net::Request& request) { return read_log(pages, &Page::network, request); }},
    };
}

}  // namespace carrel::desk
