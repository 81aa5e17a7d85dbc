#include "desk/page/wheel.hpp"

#include <fmt/format.h>

#include <array>
#include <ranges>
#include <utility>

#include "desk/page/act.hpp"
#include "desk/page/tree.hpp"

namespace carrel::desk::page {

namespace {

constexpr std::size_t most_frames_within = 8;
constexpr std::array<std::string_view, 4> beyond{"to the left", "above", "to the right", "below"};

/// The frames that the point lies in, the outermost first, each of which watches from now on what moves in
/// it.
Task<std::vector<PageFrame>> begin(Page& page, PagePoint at) {
    std::vector<PageFrame> frames{page.main_frame()};
    json::Object place{{"x", at.x}, {"y", at.y}};
    while (frames.size() <= most_frames_within) {
        place["next"] = page.references.next();
        const auto answer = co_await page.run(frames.back(), "wheelBegins", std::move(place));
        const auto number = static_cast<int>(json::number_or(answer.result, "frame"));
        if (number == 0) break;
        page.references.add(number + 1, answer.document);
        auto inner = co_await page.frame_shown_by(number);
        if (inner.id.empty()) break;
        place = {{"across", json::number_or(answer.result, "across")},
                 {"down", json::number_or(answer.result, "down")}};
        frames.push_back(std::move(inner));
    }
    co_return frames;
}

Scrolled report_of(const json::Value& report, Scrolled::Outcome outcome, bool is_outermost) {
    const auto number_of = [&](std::string_view name) {
        return static_cast<int>(json::number_or(report, name));
    };
    const auto whole = is_outermost ? "the page" : "the frame";
    return {.outcome = outcome,
            .box = number_of("n") == 0 ? whole
                                       : fmt::format("{} [ref_{}]", one_line(json::text_or(report, "t"), 200),
                                                     number_of("n")),
            .by = number_of("by"),
            .ahead = number_of("ahead"),
            .back = number_of("back")};
}

/// What moved of the innermost frame in which something did; else why nothing did.
Task<Scrolled> end_in(Page& page, std::vector<PageFrame> frames, ScrollEnd end) {
    using Outcome = Scrolled::Outcome;
    Scrolled result{.outcome = Outcome::unknown, .box = {}};
    bool is_first = true;
    for (const auto& frame : std::views::reverse(frames)) {
        const auto answer = co_await page.run(
            frame, "wheelEnds", {{"side", std::to_underlying(end)}, {"next", page.references.next()}});
        const bool is_outermost = frame.id == page.id();
        // A box that was met may have got its number by this.
        for (const auto* name : {"moved", "stuck"}) {
            const auto* report = json::find(answer.result, name);
            const int number = report ? static_cast<int>(json::number_or(*report, "n")) : 0;
            if (number > 0) page.references.add(number + 1, answer.document);
        }
        if (const auto* moved = json::find(answer.result, "moved"))
            co_return report_of(*moved, Outcome::moved, is_outermost);
        if (json::find(answer.result, "taken")) co_return Scrolled{.outcome = Outcome::taken, .box = {}};
        const auto* stuck = json::find(answer.result, "stuck");
        if (!stuck) co_return Scrolled{};
        auto report = report_of(*stuck, Outcome::nothing, is_outermost);
        // What cannot be scrolled at all is no reason; something around it may be.
        if (is_first || result.ahead + result.back == 0) result = std::move(report);
        is_first = false;
    }
    co_return result;
}

}  // namespace

Task<Scrolled> scroll_at(Page& page, PagePoint at, ScrollEnd end, double pixels) {
    const bool is_across = end == ScrollEnd::left || end == ScrollEnd::right;
    const bool is_back = end == ScrollEnd::left || end == ScrollEnd::top;
    const double by = is_back ? -pixels : pixels;
    std::vector<PageFrame> frames;
    double scale = 1;
    try {
        // The browser's events count the pixels of the screen.
        scale = (co_await viewport_of(page)).scale;
        frames = co_await begin(page, at);
    } catch (const core::Error&) {
        // A page or frame that does not answer is scrolled all the same.
        frames.clear();
    }
    co_await turn_wheel(page, at, is_across ? by * scale : 0, is_across ? 0 : by * scale);
    if (frames.empty()) co_return Scrolled{};
    try {
        co_return co_await end_in(page, std::move(frames), end);
    } catch (const core::Error&) {
        // It went on to another page, or asks something.
    }
    co_return Scrolled{};
}

std::string to_sentence(const Scrolled& scrolled, ScrollEnd end) {
    const auto side = std::to_underlying(end);
    const auto ahead = beyond[static_cast<std::size_t>(side)];
    const auto back = beyond[static_cast<std::size_t>((side + 2) % 4)];
    switch (scrolled.outcome) {
        case Scrolled::Outcome::moved:
            return fmt::format("{} scrolled by {} pixels: {} more {}, {} {}.", scrolled.box, scrolled.by,
                               scrolled.ahead, ahead, scrolled.back, back);
        case Scrolled::Outcome::nothing:
            if (scrolled.ahead > 0)
                return fmt::format("Nothing scrolled, though {} has {} more pixels {}.", scrolled.box,
                                   scrolled.ahead, ahead);
            if (scrolled.back > 0)
                return fmt::format(
                    "Nothing scrolled: {} is at its end, with nothing more {} and {} pixels {}.",
                    scrolled.box, ahead, scrolled.back, back);
            return fmt::format("Nothing scrolled: {} has nothing {} nor {}.", scrolled.box, ahead, back);
        case Scrolled::Outcome::taken:
            return "No box scrolled: the page did something of its own with the wheel.";
        case Scrolled::Outcome::unknown: break;
    }
    return "The wheel was turned; the page did not say what that scrolled.";
}

}  // namespace carrel::desk::page
