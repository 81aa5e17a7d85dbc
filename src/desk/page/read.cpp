#include "desk/page/read.hpp"

#include <fmt/format.h>

#include <iterator>

#include "core/text.hpp"

namespace carrel::desk::page {

namespace {

constexpr int most_frames = 40;
constexpr int most_nesting = 6;
constexpr std::size_t most_entries = 20'000;
/// Of a page that is searched: beyond what would ever be printed.
constexpr std::size_t most_searched = 4'000'000;
constexpr std::size_t room_for_notes = 300;

json::Object options_of(const ReadWish& wish, int next, std::size_t entries_left) {
    return {{"filter", wish.filter},
            {"depth", wish.depth},
            {"next", next},
            {"most", entries_left},
            {"characters", wish.characters + 1'000}};
}

/// What is seen of nothing need not be read.
bool is_worth_reading(const PageEntry& entry) {
    if (!entry.seen_part) return false;
    const auto& [left, top, right, bottom] = *entry.seen_part;
    return right > left && bottom > top;
}

/// Reads the frames of one page, one after another, into one list.
class Reader {
public:
    Reader(Page& page, ReadWish wish) : page_{page}, wish_{std::move(wish)} {}

    Task<PageView> read() {
        Page::Answer answer;
        auto options = options_of(wish_, page_.references.next(), most_entries);
        if (wish_.reference) {
            if (wish_.filter.empty()) options["filter"] = "all";
            answer = co_await page_.run_on(*wish_.reference, "read", std::move(options));
        } else {
            answer = co_await page_.run(page_.main_frame(), "read", std::move(options));
        }
        const auto reading = take(answer);
        view_.title = reading.title;
        view_.url = reading.url;
        co_await add(reading, answer.document.frame, 0, 0);
        co_return std::move(view_);
    }

private:
    PageReading take(const Page::Answer& answer) {
        auto reading = core::value_or_throw(parse_reading(answer.result));
        page_.references.add(reading.next_number, answer.document);
        view_.outside += reading.outside;
        view_.is_cut = view_.is_cut || reading.is_cut;
        return reading;
    }

    Task<> add(PageReading reading, std::string frame, int depth, int nesting) {
        for (auto& entry : reading.entries) {
            if (view_.entries.size() >= most_entries) {
                view_.is_cut = true;
                co_return;
            }
            entry.depth += depth;
            const auto inner_depth = entry.depth + 1;
            const bool is_read =
                is_worth_reading(entry) && nesting < most_nesting && inner_depth < wish_.depth;
            view_.entries.push_back(std::move(entry));
            if (is_read) co_await add_frame(view_.entries.back(), inner_depth, nesting + 1);
        }
    }

    /// A frame that goes away or does not answer leaves the rest of the page readable.
    Task<> add_frame(PageEntry owner, int depth, int nesting) {
        if (++frames_ > most_frames) {
            view_.is_cut = true;
            co_return;
        }
        std::optional<Page::Answer> answer;
        try {
            const auto id = co_await frame_of(owner.number);
            if (id.empty()) co_return;
            auto options = options_of(wish_, page_.references.next(), most_entries - view_.entries.size());
            options["depth"] = wish_.depth - depth;
            const auto& part = *owner.seen_part;
            options["clip"] = json::Array{part[0], part[1], part[2], part[3]};
            answer = co_await page_.run(page_.frame(id), "read", std::move(options));
        } catch (const core::Error& error) {
            if (error.code() != core::Code::not_found && error.code() != core::Code::conflict &&
                error.reason() != "page_script_failed")
                throw;
        }
        if (!answer) co_return;
        auto reading = take(*answer);
        co_await add(std::move(reading), answer->document.frame, depth, nesting);
    }

    /// The id of the frame that an element shows.
    Task<std::string> frame_of(int number) {
        const auto element = co_await page_.element(number);
        const auto described =
            co_await page_.call_frame(element.frame, "DOM.describeNode", {{"objectId", element.object}});
        page_.release(element);
        const auto* node = json::find(described, "node");
        co_return std::string{node ? json::text_or(*node, "frameId") : ""};
    }

    Page& page_;
    ReadWish wish_;
    PageView view_;
    int frames_ = 0;
};

}  // namespace

Task<PageView> read_page(Page& page, ReadWish wish) {
    Reader reader{page, std::move(wish)};
    co_return co_await reader.read();
}

ReadText render_view(const PageView& view, const ReadWish& wish) {
    const auto room =
        wish.characters > room_for_notes * 2 ? wish.characters - room_for_notes : wish.characters;
    auto tree = render_tree(view.entries, room);
    ReadText result{.text = std::move(tree.text), .is_truncated = view.is_cut || tree.left_out > 0};
    const auto out = std::back_inserter(result.text);
    if (result.is_truncated)
        fmt::format_to(out,
                       "(truncated: the page is larger than {} characters; read a part of it by its ref, or "
                       "with a smaller depth)\n",
                       wish.characters);
    else if (view.entries.empty())
        fmt::format_to(out, "({} on the page)\n",
                       wish.filter == "interactive" ? "nothing to use" : "nothing to see");
    if (view.outside > 0)
        fmt::format_to(out, "({} more element{} outside the viewport: scroll, or read with filter \"all\")\n",
                       view.outside, view.outside == 1 ? " is" : "s are");
    return result;
}

Task<ArticleText> read_text(Page& page, std::size_t characters) {
    const auto answer = co_await page.run(page.main_frame(), "text", {{"characters", characters}});
    const auto& found = answer.result;
    const auto* cut = json::find(found, "cut");
    ArticleText result{.text = std::string{json::text_or(found, "text")},
                       .source = std::string{json::text_or(found, "from", "body")},
                       .title = one_line(json::text_or(found, "title"), 1'000),
                       .url = one_line(json::text_or(found, "url"), 4'000),
                       .is_truncated = cut && *cut == true};
    if (result.source != "body") co_return result;
    // Frames of what is in sight or not: their text belongs to what a reader sees.
    const auto view =
        co_await read_page(page, {.filter = "all", .depth = 100, .reference = {}, .characters = characters});
    int frame_depth = -1;
    for (const auto& entry : view.entries) {
        if (frame_depth >= 0 && entry.depth <= frame_depth) frame_depth = -1;
        if (frame_depth >= 0 && !entry.name.empty() && !entry.is_interactive)
            result.text += "\n" + entry.name;
        if (frame_depth < 0 && entry.seen_part) frame_depth = entry.depth;
    }
    if (core::count_characters(result.text) > characters) {
        result.text = std::string{core::utf8_prefix(result.text, characters)};
        result.is_truncated = true;
    }
    co_return result;
}

Task<Found> find_in_page(Page& page, std::string query, std::size_t limit) {
    const auto view = co_await read_page(
        page, {.filter = "all", .depth = 100, .reference = {}, .characters = most_searched});
    Found found{.elements = {}, .is_cut = view.is_cut};
    for (const auto& match : find_entries(query, view.entries, limit))
        found.elements.push_back({view.entries[match.entry], match.place});
    co_return found;
}

std::string to_line(const FoundElement& found) {
    auto line = render_entry(found.entry);
    if (!found.place.empty()) line += " in " + found.place;
    return line;
}

}  // namespace carrel::desk::page
