// What pages have done: downloads, console, network.
#include <ranges>

#include "core/text.hpp"
#include "desk/page/handlers.hpp"
#include "ops/desk/page.hpp"
#include "rest/answers.hpp"
#include "rest/bindings.hpp"
#include "rest/requests.hpp"

namespace carrel::desk::page {

namespace {

Task<net::Response> downloads(Pages& pages) {
    try {
        co_await pages.cdp().connect();
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
    co_return rest::json_answer({{"success", true}, {"downloads", std::move(list)}});
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
    const auto wish = rest::decode_query(request, ops::read_log_shape());
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
    json::Object answer{{"success", true}, {"tab_id", page->id()}, {"left_out", left_out}};
    answer["entries"] = json::Array(newest_first.rbegin(), newest_first.rend());
    co_return rest::json_answer(answer);
}

}  // namespace

std::vector<rest::Binding> bind_page_logs(Pages& pages) {
    return {
        {"browser/page/downloads", "GET", [&](net::Request&) { return downloads(pages); }},
        {"browser/page/console", "GET",
         [&](net::Request& request) { return read_log(pages, &Page::console, request); }},
        {"browser/page/network", "GET",
         [&](net::Request& request) { return read_log(pages, &Page::network, request); }},
    };
}

}  // namespace carrel::desk::page
