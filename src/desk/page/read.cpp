#include "desk/page/read.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "core/text.hpp"
#include "desk/cdp/navigation.hpp"
#include "desk/page/shadows.hpp"

namespace carrel::desk::page {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int most_frames = 40;
constexpr int most_nesting = 6;
constexpr std::size_t most_entries = 20'000;
/// Of a page that is searched: beyond what would ever be printed.
constexpr std::size_t most_searched = 4'000'000;
constexpr std::size_t room_for_notes = 300;
/// Of one frame that does not answer, and of all of a page's.
constexpr auto frame_time = 2s;
constexpr auto all_frames_time = 8s;

json::Object options_of(const ReadWish& wish, int next, std::size_t entries_left) {
    return {{"filter", wish.filter},        {"depth", wish.depth},  {"next", next},
            {"options", wish.with_options}, {"most", entries_left}, {"characters", wish.characters + 1'000}};
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
            answer = co_await run_through_shadows(page_, page_.main_frame(), "read", std::move(options));
        }
        const auto reading = take(answer);
        view_.title = reading.title;
        view_.url = reading.url;
        co_await add(reading, answer.document.frame, 0, 0);
        if (view_.entries.empty())
            view_.is_pdf =
                co_await page_.tab().run("() => document.contentType") == json::Value("application/pdf");
        co_return std::move(view_);
    }

private:
    PageReading take(const Page::Answer& answer) {
        auto reading = core::value_or_throw(parse_reading(answer.result));
        page_.references.add(reading.next_number, answer.document);
        view_.outside += reading.outside;
        std::ranges::move(reading.boxes, std::back_inserter(view_.boxes));
        view_.is_cut = view_.is_cut || reading.is_cut;
        if (view_.modal.empty()) view_.modal = reading.modal;
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
            if (is_read) co_await add_frame(view_.entries.size() - 1, inner_depth, nesting + 1);
        }
    }

    /// A frame that goes away or does not answer leaves the rest of the page readable, and is marked.
    Task<> add_frame(std::size_t owner, int depth, int nesting) {
        if (++frames_ > most_frames) {
            view_.is_cut = true;
            co_return;
        }
        std::optional<Page::Answer> answer;
        for (int attempt = 1; !answer; ++attempt) {
            try {
                answer = co_await read_frame(view_.entries[owner], depth);
                if (!answer) co_return;
            } catch (const core::Error& error) {
                if (error.reason() == "page_busy") co_return mark(owner, "not read: it does not answer");
                if (error.reason() == "page_script_failed") co_return mark(owner, "not read");
                if (!is_replaced(error)) throw;
                // Another document comes in its place, perhaps by another process.
                if (attempt == 2) co_return mark(owner, "not read: it comes or goes");
            }
        }
        auto reading = take(*answer);
        co_await add(std::move(reading), answer->document.frame, depth, nesting);
    }

    static bool is_replaced(const core::Error& error) {
        return error.code() == core::Code::not_found || error.code() == core::Code::conflict ||
               error.reason() == "frame_gone";
    }

    void mark(std::size_t owner, std::string_view why) {
        view_.entries[owner].states.emplace_back(why);
        ++view_.unread_frames;
    }

    /// Nothing when the element shows no frame.
    Task<std::optional<Page::Answer>> read_frame(PageEntry owner, int depth) {
        const auto begin = Clock::now();
        PageFrame frame;
        try {
            frame = co_await page_.frame_shown_by(owner.number, patience());
            if (frame.id.empty()) co_return std::nullopt;
            auto options = options_of(wish_, page_.references.next(), most_entries - view_.entries.size());
            options["depth"] = wish_.depth - depth;
            const auto& part = *owner.seen_part;
            options["clip"] = json::Array{part[0], part[1], part[2], part[3]};
            if (silent_.contains(frame.session)) throw silent();
            co_return co_await run_through_shadows(page_, frame, "read", std::move(options), patience());
        } catch (const core::Error& error) {
            if (error.reason() != "page_busy") throw;
            // What its process draws else does not answer either.
            if (!frame.session.empty()) silent_.insert(frame.session);
            wasted_ += Clock::now() - begin;
            throw;
        }
    }

    /// How long the next frame is waited for.
    async::Duration patience() const {
        if (wasted_ >= all_frames_time) throw silent();
        return std::min<async::Duration>(frame_time, all_frames_time - wasted_);
    }

    static core::Error silent() {
        return {core::Code::timeout, "frames of the page do not answer", "page_busy"};
    }

    Page& page_;
    ReadWish wish_;
    PageView view_;
    int frames_ = 0;
    std::set<std::string, std::less<>> silent_;  ///< sessions whose frames did not answer
    async::Duration wasted_{};                   ///< on waiting for those
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
    else if (view.is_pdf)
        fmt::format_to(out, "({})\n", cdp::pdf_note);
    else if (view.entries.empty())
        fmt::format_to(out, "({} on the page)\n",
                       wish.filter == "interactive" ? "nothing to use" : "nothing to see");
    if (!view.modal.empty())
        fmt::format_to(out, "(what lies behind the modal {} cannot be used, and is left out)\n", view.modal);
    int outside = view.outside;
    for (const auto& box : view.boxes) {
        outside -= box.hidden;
        fmt::format_to(out,
                       "({} more element{} scrolled out of sight in {} [ref_{}]: scroll there, or read with "
                       "filter \"all\")\n",
                       box.hidden, box.hidden == 1 ? " is" : "s are", box.description, box.number);
    }
    if (outside > 0)
        fmt::format_to(out, "({} more element{} outside the viewport: scroll, or read with filter \"all\")\n",
                       outside, outside == 1 ? " is" : "s are");
    return result;
}

Task<ArticleText> read_text(Page& page, std::size_t characters) {
    const auto answer =
        co_await run_through_shadows(page, page.main_frame(), "text", {{"characters", characters}});
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
    if (view.is_pdf) result.text = fmt::format("({})", cdp::pdf_note);
    int frame_depth = -1;
    for (const auto& entry : view.entries) {
        if (frame_depth >= 0 && entry.depth <= frame_depth) frame_depth = -1;
        if (frame_depth >= 0 && !entry.name.empty() && !entry.is_interactive)
            result.text += "\n" + entry.name;
        if (frame_depth < 0 && entry.seen_part) frame_depth = entry.depth;
    }
    result.is_truncated = result.is_truncated || view.unread_frames > 0;
    if (core::count_characters(result.text) > characters) {
        result.text = std::string{core::utf8_prefix(result.text, characters)};
        result.is_truncated = true;
    }
    co_return result;
}

Task<Found> find_in_page(Page& page, std::string query, std::size_t limit) {
    const auto view = co_await read_page(
        page,
        {.filter = "all", .depth = 100, .reference = {}, .characters = most_searched, .with_options = true});
    Found found{.elements = {}, .is_cut = view.is_cut || view.unread_frames > 0};
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
