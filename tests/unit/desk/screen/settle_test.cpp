#include "desk/screen/settle.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace carrel::desk;
using namespace carrel::desk::screen;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

const Time start{};
constexpr picture::Region page{0, 0, 1024, 700};
constexpr picture::Region caret{300, 200, 302, 218};
constexpr picture::Region spinner{500, 400, 524, 424};

struct Change {
    milliseconds when;
    picture::Region where = page;
};

std::vector<Change> every(milliseconds pause, picture::Region where, milliseconds from = 0ms,
                          milliseconds until = 20s) {
    std::vector<Change> changes;
    for (auto when = from; when < until; when += pause) changes.push_back({when, where});
    return changes;
}

std::vector<Change> both(std::vector<Change> one, const std::vector<Change>& other) {
    for (const auto& change : other)
        one.insert(std::ranges::upper_bound(one, change.when, {}, &Change::when), change);
    return one;
}

/// What is known at `at`.
std::optional<Observed> judge(const std::vector<Change>& changes, milliseconds at) {
    Settling settling{start, {150ms, 40ms, 2000ms}};
    for (const auto& change : changes)
        if (change.when <= at) settling.changed(start + change.when, change.where);
    return settling.judge(start + at);
}

struct End {
    milliseconds when;
    Observed observed;
    bool operator==(const End&) const = default;
};

/// Runs it as the watch does: it is asked whenever something changes and when it wants to be asked.
End run(const std::vector<Change>& changes, SettleTimes times = {}) {
    Settling settling{start, times};
    auto next = changes.begin();
    while (true) {
        auto now = settling.due();
        if (next != changes.end() && start + next->when <= now) {
            now = start + next->when;
            settling.changed(now, next++->where);
        }
        if (const auto observed = settling.judge(now))
            return {std::chrono::duration_cast<milliseconds>(now - start), *observed};
    }
}

}  // namespace

TEST_CASE("without a change the first window is awaited") {
    CHECK_FALSE(judge({}, 149ms));
    CHECK(judge({}, 150ms) == Observed::nothing_changed);
}

TEST_CASE("after a change quiet is awaited") {
    CHECK_FALSE(judge({{100ms}}, 139ms));
    CHECK(judge({{100ms}}, 140ms) == Observed::settled);
    CHECK_FALSE(judge({{100ms}, {130ms}}, 169ms));
    CHECK(judge({{100ms}, {130ms}}, 170ms) == Observed::settled);
}

TEST_CASE("a limit below the first window ends the waiting too") {
    Settling settling{start, {150ms, 40ms, 100ms}};
    CHECK(settling.due() == start + 100ms);
    CHECK(settling.judge(start + 100ms) == Observed::nothing_changed);
}

TEST_CASE("no windows at all decide at once") {
    Settling settling{start, {0ms, 0ms, 0ms}};
    CHECK(settling.judge(start) == Observed::nothing_changed);
    CHECK(name_of(Observed::still_changing) == "still_changing");
}

TEST_CASE("what a screen may do after an input, and when it has settled") {
    const SettleTimes patient{150ms, 1000ms, 5000ms};
    struct Case {
        const char* what;
        std::vector<Change> changes;
        SettleTimes times;
        End end;
    };
    const std::vector<Case> cases{
        {"a click that paints late", {{140ms}}, {}, {180ms, Observed::settled}},
        {"a click that paints too late", {{160ms}}, {}, {150ms, Observed::nothing_changed}},
        {"a button that is pressed and released",
         {{8ms, spinner}, {24ms, spinner}},
         {},
         {64ms, Observed::settled}},
        {"a page that scrolls smoothly for 200 ms",
         every(16ms, page, 10ms, 210ms),
         {},
         {242ms, Observed::settled}},
        {"a film over the whole screen", every(33ms, page), {}, {2000ms, Observed::still_changing}},
        {"a film in a corner", every(33ms, {900, 600, 1024, 700}), {}, {2000ms, Observed::still_changing}},
        {"a spinner, small but fast", every(33ms, spinner), {}, {2000ms, Observed::still_changing}},
        {"a caret alone", every(530ms, caret, 20ms), {}, {60ms, Observed::settled}},
        {"a caret, for one who waits long", every(530ms, caret, 20ms), patient, {1020ms, Observed::settled}},
        {"a caret of two paintings each",
         both(every(530ms, caret, 20ms), every(530ms, caret, 22ms)),
         patient,
         {1022ms, Observed::settled}},
        {"a caret beside a page that comes later",
         both(every(530ms, caret, 20ms), {{700ms}}),
         patient,
         {1700ms, Observed::settled}},
        {"a clock that ticks every second",
         every(1000ms, {930, 745, 1010, 765}, 90ms),
         {150ms, 1500ms, 9000ms},
         {1590ms, Observed::settled}},
        {"the same slow rhythm over a large area",
         every(500ms, page, 20ms),
         patient,
         {5000ms, Observed::still_changing}},
        {"small places that move on, as typing does",
         {{10ms, {10, 10, 18, 26}}, {400ms, {18, 10, 26, 26}}, {800ms, {26, 10, 34, 26}}},
         patient,
         {1800ms, Observed::settled}},
    };
    for (const auto& [what, changes, times, end] : cases) {
        CAPTURE(what);
        const auto found = run(changes, times);
        CHECK(found.when.count() == end.when.count());
        CHECK(name_of(found.observed) == name_of(end.observed));
    }
}

TEST_CASE("what is loaded behind the screen is awaited, and then what it shows") {
    const auto at = [](milliseconds when) { return start + when; };
    struct Case {
        const char* what;
        std::vector<milliseconds> changes;
        Loading::State state;
        milliseconds due;
        Observed observed;
    };
    const std::vector<Case> cases{
        {"something goes on, and nothing has changed", {}, {.goes_on = true}, 2000ms, Observed::loading},
        {"something goes on, and the screen rests", {10ms}, {.goes_on = true}, 2000ms, Observed::loading},
        {"the page was heard late", {}, {.heard_at = at(400ms)}, 550ms, Observed::nothing_changed},
        {"the page was heard late, and has changed",
         {100ms},
         {.heard_at = at(400ms)},
         440ms,
         Observed::settled},
        {"it ended, and nothing shows it", {10ms}, {.ended_at = at(300ms)}, 150ms, Observed::settled},
        {"it ended and was drawn late",
         {10ms},
         {.heard_at = at(330ms), .ended_at = at(300ms)},
         480ms,
         Observed::settled},
        {"it ended, and the screen shows it",
         {10ms, 320ms},
         {.heard_at = at(310ms), .ended_at = at(300ms)},
         360ms,
         Observed::settled},
        {"it ended, and something changed elsewhere",
         {10ms, 320ms},
         {.heard_at = at(310ms), .ended_at = at(300ms), .area = picture::Region{0, 700, 9, 800}},
         460ms,
         Observed::settled},
        {"it ended without a change",
         {},
         {.heard_at = at(330ms), .ended_at = at(300ms)},
         480ms,
         Observed::nothing_changed},
        {"it ended just before the limit",
         {},
         {.heard_at = at(1990ms), .ended_at = at(1980ms)},
         2000ms,
         Observed::nothing_changed},
    };
    for (const auto& [what, changes, state, due, observed] : cases) {
        CAPTURE(what);
        Settling settling{start, {150ms, 40ms, 2000ms}};
        settling.set_loading(state);
        for (const auto when : changes) settling.changed(at(when), page);
        CHECK((settling.due() - start) / 1ms == due / 1ms);
        CHECK_FALSE(settling.judge(at(due - 1ms)));
        CHECK(settling.judge(at(due)) == observed);
    }
}

TEST_CASE("many small places are remembered, but not without end") {
    Settling settling{start, {150ms, 10000ms, 60000ms}};
    for (int i = 0; i < 1000; ++i) {
        const picture::Region place{i % 20 * 40, i / 20 % 20 * 30, i % 20 * 40 + 8, i / 20 % 20 * 30 + 8};
        CHECK(settling.changed(start + milliseconds{i}, place));
    }
}

TEST_CASE("rectangles are joined, and an empty one adds nothing") {
    CHECK(enclosing({1, 2, 3, 4}, {10, 0, 12, 3}) == picture::Region{1, 0, 12, 4});
    CHECK(enclosing({}, {10, 0, 12, 3}) == picture::Region{10, 0, 12, 3});
    CHECK(enclosing({10, 0, 12, 3}, {5, 5, 5, 9}) == picture::Region{10, 0, 12, 3});
}
