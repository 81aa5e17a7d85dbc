// Members that go: addresses, history, tabs.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "core/text.hpp"
#include "desk/cdp/addresses.hpp"
#include "desk/cdp/leaving.hpp"
#include "desk/cdp/navigation.hpp"
#include "desk/toolset/call.hpp"

namespace carrel::desk::toolset {

namespace {

using namespace std::chrono_literals;

using Clock = std::chrono::steady_clock;

constexpr std::size_t longest_url = 100'000;
constexpr std::chrono::milliseconds navigation_time = 30s;
constexpr std::chrono::milliseconds loading_time = 5s;     ///< after the document is there: pictures and such
constexpr std::chrono::milliseconds describing_time = 3s;  ///< of a navigation, kept for what has come

/// What is to be tried, in order: the protocol may be left out.
std::vector<std::string> whole_urls(std::string_view text) {
    const auto url = core::trim(text);
    if (url.empty() || url.size() > longest_url) throw invalid("url: expected an address");
    if (auto guessed = cdp::guess_addresses(url); !guessed.empty()) return guessed;
    const auto scheme = core::to_lower(url.substr(0, std::min(url.find_first_of(":/?#"), url.size())));
    const bool has_scheme = url.size() > scheme.size() && url[scheme.size()] == ':';
    for (const std::string_view known : {"http", "https", "file", "about", "data", "blob", "view-source"})
        if (has_scheme && scheme == known) return {std::string{url}};
    if (has_scheme)
        throw invalid(
            fmt::format("an address with \"{}:\" cannot be opened: http, https, file, about and data can",
                        tool_line(scheme, 40)));
    throw invalid("url: expected an address, such as example.org or localhost:8000");
}

/// Waits for a document in spite of dialogs, which are dismissed as they come. False when it takes longer: it
/// is a page all the same.
Task<bool> wait_for_state(page::Page& page, cdp::LoadWatch& watch, std::string loader, std::string_view state,
                          Clock::time_point end) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        try {
            co_await watch.wait(loader, state, std::max(left, 0ms));
            co_return true;
        } catch (const core::Error& error) {
            if (error.reason() == "page_not_loaded") co_return false;
            if (error.reason() != "dialog_open" || left <= 0ms) throw;
        }
        co_await page.run(page.main_frame(), "view", {}, left);  // answers when the dialog is gone
    }
}

Task<> wait_for_load(page::Page& page, cdp::LoadWatch& watch, std::string loader, Clock::time_point end) {
    if (co_await wait_for_state(page, watch, loader, "domcontentloaded", end))
        co_await wait_for_state(page, watch, loader, "load", std::min(end, Clock::now() + loading_time));
}

struct Entry {
    std::int64_t id = 0;
    bool is_there = false;
};

/// The entry of the tab's history that is so many steps away.
Task<Entry> find_entry(page::Page& page, std::int64_t steps) {
    const auto history = co_await page.tab().call("Page.getNavigationHistory");
    const auto* index = json::find(history, "currentIndex");
    const auto* entries = json::find(history, "entries");
    if (!index || !index->is_int64() || !entries || !entries->is_array()) co_return Entry{};
    const auto place = index->get_int64() + steps;
    if (place < 0 || place >= static_cast<std::int64_t>(entries->get_array().size())) co_return Entry{};
    const auto* id = json::find(entries->get_array()[static_cast<std::size_t>(place)], "id");
    co_return Entry{id && id->is_int64() ? id->get_int64() : 0, id != nullptr};
}

/// Whether a new document is awaited, and which.
struct Departure {
    std::string loader;
    bool is_within = false;    ///< the document stays
    bool is_download = false;  ///< so does the page
    std::string url;
};

Task<Departure> go(page::Page& page, std::string url, Clock::time_point end) {
    constexpr std::string_view aborted = "net::ERR_ABORTED";
    for (int attempt = 1;; ++attempt) {
        const auto answer = co_await page.call("Page.navigate", {{"url", url}}, end - Clock::now());
        std::string loader{json::text_or(answer, "loaderId")};
        const auto failure = json::text_or(answer, "errorText");
        const auto* download = json::find(answer, "isDownload");
        const bool is_download = download && *download == true;
        if (failure.empty() || is_download) co_return Departure{loader, loader.empty(), is_download, url};
        // The page went somewhere itself at that moment, such as where a click before had sent it.
        if (failure == aborted && attempt == 1) continue;
        if (failure == "net::ERR_INVALID_AUTH_CREDENTIALS")
            throw core::Error{
                core::Code::conflict,
                fmt::format("{} asks for a user and a password: give them in the address, as in "
                            "http://user:password@host/",
                            tool_line(url, 300)),
                "not_loaded"};
        throw core::Error{
            core::Code::conflict,
            fmt::format("{} could not be opened: {}", tool_line(url, 300), tool_line(failure, 100)),
            "not_loaded"};
    }
}

/// The next address is tried where https is not served.
Task<Departure> go_to_first(page::Page& page, std::vector<std::string> urls, Clock::time_point end) {
    for (std::size_t at = 0; at + 1 < urls.size(); ++at) {
        try {
            co_return co_await go(page, urls[at], Clock::now() + (end - Clock::now()) / 2);
        } catch (const core::Error& error) {
            const bool is_silent = error.reason() == "page_busy" || error.reason() == "cdp_timeout";
            if (!is_silent && (error.reason() != "not_loaded" || !cdp::is_without_https(error.message())))
                throw;
        }
    }
    co_return co_await go(page, urls.back(), end);
}

Task<> travel(page::Page& page, cdp::LoadWatch& watch, std::string_view word, Clock::time_point end) {
    if (word == "reload") {
        co_await page.call("Page.reload");
    } else {
        const auto entry = co_await find_entry(page, word == "back" ? -1 : 1);
        if (!entry.is_there)
            throw core::Error{core::Code::conflict, fmt::format("there is no page to go {} to", word),
                              "no_such_page"};
        co_await page.call("Page.navigateToHistoryEntry", {{"entryId", entry.id}});
    }
    co_await wait_for_load(page, watch, {}, end);
}

/// What the page says of itself; one that hangs says nothing.
Task<page::Page::Answer> look(page::Page& page) {
    try {
        co_return co_await page.run(page.main_frame(), "view", {}, describing_time);
    } catch (const core::Error& error) {
        if (error.reason() != "page_busy") throw;
    }
    throw core::Error{core::Code::timeout,
                      "the page is there but does not answer: a script of it may run for ever; navigate "
                      "elsewhere or close the tab",
                      "page_busy"};
}

Task<std::string> describe_arrival(page::Page& page) {
    const auto answer = co_await look(page);
    const auto tree = co_await page.call("Page.getFrameTree");
    const auto* root = json::find(tree, "frameTree");
    const auto* frame = root ? json::find(*root, "frame") : nullptr;
    const auto url = json::text_or(answer.result, "url");
    auto line = fmt::format("Navigated to {}", tool_url(url));
    if (const auto title = tool_line(json::text_or(answer.result, "title")); !title.empty())
        line += " — " + title;
    const auto status =
        frame ? page.network.document_status(page.id(), json::text_or(*frame, "loaderId")) : std::nullopt;
    if (frame && json::text_or(*frame, "mimeType") == "application/pdf")
        fmt::format_to(std::back_inserter(line), "; {}", cdp::pdf_note);
    if (status && url.starts_with("http")) fmt::format_to(std::back_inserter(line), " (HTTP {})", *status);
    co_return line;
}

}  // namespace

Task<ToolOutcome> ToolCall::navigate() {
    const auto word = core::to_lower(core::trim(input_.url));
    const bool is_in_history = word == "back" || word == "forward" || word == "reload";
    const auto urls = is_in_history ? std::vector<std::string>{} : whole_urls(input_.url);
    auto& page = *co_await get_page();
    const auto end = Clock::now() + navigation_time - describing_time;
    const auto tab = page.shared_tab();
    auto turn = co_await tab->input().take_within(cdp::patience_of(navigation_time));
    co_await cdp::free_page(*tab, cdp::patience_of(navigation_time));
    cdp::LoadWatch watch{session_.executor, page.shared_tab()};
    if (is_in_history) {
        co_await travel(page, watch, word, end);
    } else {
        const auto departure = co_await go_to_first(page, urls, end);
        turn.reset();
        if (departure.is_download)
            co_return ToolOutcome{
                .text = fmt::format("{} is a download; the page stays.", tool_url(departure.url))};
        if (!departure.is_within) co_await wait_for_load(page, watch, departure.loader, end);
    }
    co_return ToolOutcome{.text = co_await describe_arrival(page)};
}

Task<ToolOutcome> ToolCall::new_tab() {
    constexpr std::size_t most_tabs = 100;
    if ((co_await session_.list_tabs()).size() >= most_tabs)
        throw core::Error{core::Code::exhausted, "100 tabs are open; close one first"};
    input_.tab_id = co_await session_.pages.tabs().open("about:blank", false);
    co_await session_.pages.tabs().activate(*input_.tab_id);
    co_return ToolOutcome{.opened_tab = *input_.tab_id};
}

Task<ToolOutcome> ToolCall::report_tabs() { co_return ToolOutcome{}; }

Task<ToolOutcome> ToolCall::switch_tab() {
    co_await session_.pages.tabs().activate(input_.tab_id.value_or(""));
    co_return ToolOutcome{};
}

Task<ToolOutcome> ToolCall::close_tab() {
    constexpr int most_questions = 3;
    const auto id = input_.tab_id.value_or("");
    co_await get_page();
    for (int attempt = 1;; ++attempt) {
        try {
            co_await session_.pages.tabs().close(id);
            co_return ToolOutcome{};
        } catch (const core::Error& error) {
            // The page asked whether to stay, and was answered no: then it is gone, or asks once more.
            if (attempt > 1 && (error.reason() == "no_such_tab" || error.code() == core::Code::unavailable))
                co_return ToolOutcome{};
            if (error.reason() != "dialog_open" || attempt == most_questions) throw;
        }
    }
}

}  // namespace carrel::desk::toolset
