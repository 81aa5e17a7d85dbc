// Members that look: pictures, text, logs, scripts.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/text.hpp"
#include "desk/page/read.hpp"
#include "desk/toolset/call.hpp"

namespace carrel::desk::toolset {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t longest_page_text = 50'000;
constexpr std::size_t most_matches = 20;
constexpr double deepest = 1'000;
constexpr auto script_time = 30s;

std::string cut(std::string text) {
    if (core::count_characters(text) <= longest_page_text) return text;
    std::size_t bytes = text.size();
    text.resize(core::utf8_prefix(text, longest_page_text).size());
    return fmt::format("{}\n(truncated: {} bytes in all)", text, bytes);
}

template <class Entries>
std::string lines_since(const Entries& entries, std::uint64_t& last) {
    std::string text;
    for (const auto& entry : entries) {
        if (entry.number <= last) continue;
        last = entry.number;
        text += (text.empty() ? "" : "\n") + page::to_line(entry);
    }
    return cut(std::move(text));
}

/// `is_body`: as the body of a function; else as a console takes it, with await and names declared twice.
json::Object script_params(const std::string& script, bool is_body) {
    constexpr auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(script_time) - 2s;
    return {{"expression", is_body ? fmt::format("(async () => {{\n{}\n}})()", script) : script},
            {"awaitPromise", true},
            {"replMode", !is_body},
            {"userGesture", true},
            {"timeout", limit.count()}};
}

std::string exception_text(const json::Value& answer) {
    const auto* details = json::find(answer, "exceptionDetails");
    if (!details) return {};
    const auto* thrown = json::find(*details, "exception");
    const auto text = thrown ? page::text_of_remote(*thrown) : std::string{};
    return text.empty() ? std::string{json::text_or(*details, "text", "the script failed")} : text;
}

/// A promise's value in its place.
Task<json::Value> awaited(page::Page& page, json::Value answer) {
    const auto* result = json::find(answer, "result");
    if (!result || json::text_or(*result, "subtype") != "promise") co_return answer;
    const std::string promise{json::text_or(*result, "objectId")};
    co_return co_await page.call("Runtime.awaitPromise", {{"promiseObjectId", promise}}, script_time);
}

/// What the function gives when it is called on the object; nothing where that is no plain data.
Task<json::Value> called_on(page::Page& page, std::string object, std::string function) {
    try {
        const auto told = co_await page.call(
            "Runtime.callFunctionOn",
            {{"objectId", object}, {"functionDeclaration", std::move(function)}, {"returnByValue", true}});
        const auto* said = json::find(told, "exceptionDetails") ? nullptr : json::find(told, "result");
        const auto* value = said ? json::find(*said, "value") : nullptr;
        if (value) co_return *value;
    } catch (const core::Error& error) {
        if (error.reason() != "cdp_refused") throw;
    }
    co_return json::Value{};
}

/// By the protocol's own writing of values: JSON.stringify is the page's, which may have replaced it. Only
/// where that finds nothing in an object it is asked, because it knows how a DOMRect or URL writes itself.
/// Empty of what is no plain data.
Task<std::string> plain_text(page::Page& page, std::string object) {
    const auto value = co_await called_on(page, object, "function () { return this }");
    if (value.is_null()) co_return std::string{};
    auto text = json::to_text(value);
    if (!text.contains("{}")) co_return text;
    const auto written = co_await called_on(page, object, "function () { return JSON.stringify(this) }");
    if (written.is_string() && !written.get_string().empty()) text = std::string{written.get_string()};
    co_return text;
}

/// What the script's value shows: an object as JSON where it can be.
Task<std::string> value_text(page::Page& page, const json::Value& answer) {
    const auto* result = json::find(answer, "result");
    if (!result) co_return "undefined";
    const auto object = json::text_or(*result, "objectId");
    const auto subtype = json::text_or(*result, "subtype");
    const bool is_plain =
        json::text_or(*result, "type") == "object" && (subtype.empty() || subtype == "array");
    if (object.empty() || !is_plain) {
        const auto* value = json::find(*result, "value");
        if (value && value->is_string()) co_return std::string{value->get_string()};
        co_return page::text_of_remote(*result);
    }
    const std::string id{object};
    auto text = co_await plain_text(page, id);
    page.post("Runtime.releaseObject", {{"objectId", id}});
    co_return text.empty() ? page::text_of_remote(*result) : text;
}

}  // namespace

Task<ToolOutcome> ToolCall::screenshot() {
    auto& page = *co_await get_page();
    co_return ToolOutcome{.png = (co_await page::take_picture(session_.pages, page)).png};
}

Task<ToolOutcome> ToolCall::zoom() {
    const auto& region = input_.region;
    if (region.size() != 4) throw invalid("region: expected four numbers [x0, y0, x1, y1]");
    auto& page = *co_await get_page();
    co_return ToolOutcome{
        .png = (co_await page::take_picture(session_.pages, page,
                                            std::array{region[0], region[1], region[2], region[3]}))
                   .png};
}

Task<ToolOutcome> ToolCall::read_page() {
    const auto& input = input_;
    if (!input.filter.empty() && input.filter != "all" && input.filter != "interactive")
        throw invalid("filter is \"all\" or \"interactive\"");
    if (!(input.depth >= 1)) throw invalid("depth is at least 1");
    page::ReadWish wish{.filter = input.filter,
                        .depth = static_cast<int>(std::min(input.depth, deepest)),
                        .reference = {},
                        .characters = longest_page_text};
    if (!input.ref.empty()) wish.reference = core::value_or_throw(page::parse_reference(input.ref));
    auto& page = *co_await get_page();
    co_return ToolOutcome{.text = page::render_view(co_await desk::page::read_page(page, wish), wish).text};
}

Task<ToolOutcome> ToolCall::find() {
    auto& page = *co_await get_page();
    const auto found = co_await page::find_in_page(page, input_.query, most_matches);
    std::string text;
    for (const auto& match : found.elements) text += (text.empty() ? "" : "\n") + page::to_line(match);
    if (text.empty())
        text = fmt::format("No element matches {}. Read the page, or try other words.",
                           json::to_text(json::Value(tool_line(input_.query, 300))));
    co_return ToolOutcome{.text = std::move(text)};
}

Task<ToolOutcome> ToolCall::get_page_text() {
    auto& page = *co_await get_page();
    auto article = co_await page::read_text(page, longest_page_text);
    if (article.is_truncated) article.text += "\n(truncated)";
    co_return ToolOutcome{.text = std::move(article.text)};
}

Task<ToolOutcome> ToolCall::read_console() {
    auto& page = *co_await get_page();
    co_return ToolOutcome{.text = lines_since(page.console.entries(), session_.logs_read(page_).console)};
}

Task<ToolOutcome> ToolCall::read_network() {
    auto& page = *co_await get_page();
    co_return ToolOutcome{.text = lines_since(page.network.entries(), session_.logs_read(page_).network)};
}

Task<ToolOutcome> ToolCall::javascript_exec() {
    auto& page = *co_await get_page();
    const auto& script = input_.text;
    auto answer = co_await page.call("Runtime.evaluate", script_params(script, false), script_time);
    auto failure = exception_text(answer);
    // It has not run yet.
    if (failure.starts_with("SyntaxError: Illegal return statement")) {
        answer = co_await page.call("Runtime.evaluate", script_params(script, true), script_time);
        failure = exception_text(answer);
    }
    if (failure.empty()) {
        answer = co_await awaited(page, std::move(answer));
        failure = exception_text(answer);
    }
    if (!failure.empty()) co_return ToolOutcome{.error = "The script threw: " + failure};
    co_return ToolOutcome{.text = cut(co_await value_text(page, answer))};
}

}  // namespace carrel::desk::toolset
