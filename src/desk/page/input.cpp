#include "desk/page/input.hpp"

#include <algorithm>

namespace carrel::desk::page {

namespace {

/// Nothing more can be done on a page that waits for an answer, or is gone because of what was done.
bool has_ended_the_action(const core::Error& error) {
    return error.reason() == "dialog_open" || error.reason() == "tab_gone";
}

json::Object mouse_event(std::string_view type, PagePoint at, std::string_view button, int buttons, int count,
                         int modifiers) {
    return {{"type", type},
            {"x", at.x},
            {"y", at.y},
            {"button", button},
            {"buttons", buttons},
            {"clickCount", count},
            {"modifiers", modifiers},
            {"pointerType", "mouse"}};
}

int bit_of(std::string_view button) { return button == "left" ? 1 : button == "right" ? 2 : 4; }

/// False when the page went on to something else.
Task<bool> dispatch(Page& page, std::string method, json::Object params) {
    try {
        co_await page.call(std::move(method), std::move(params));
    } catch (const core::Error& error) {
        if (!has_ended_the_action(error)) throw;
        co_return false;
    }
    co_return true;
}

/// Posts what ends an action, however it ends.
class Finally {
public:
    Finally(Page& page, std::string method, std::vector<json::Object> events)
        : page_{page}, method_{std::move(method)}, events_{std::move(events)} {}
    Finally(const Finally&) = delete;
    Finally& operator=(const Finally&) = delete;
    ~Finally() {
        for (const auto& event : events_) page_.post(method_, event);
    }
    void cancel() { events_.clear(); }

private:
    Page& page_;
    std::string method_;
    std::vector<json::Object> events_;
};

std::vector<json::Object> releases(const std::vector<PageKey>& keys) {
    std::vector<json::Object> events;
    int held = bits_of(keys);
    for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
        held &= ~key->modifier;
        events.push_back(key_up(*key, held));
    }
    return events;
}

/// Presses keys in order; `held` grows by their modifiers.
void post_down(Page& page, const std::vector<PageKey>& keys, int& held) {
    for (const auto& key : keys) {
        held |= key.modifier;
        page.post("Input.dispatchKeyEvent", key_down(key, held));
    }
}

Task<> press_chord(Page& page, const std::vector<PageKey>& chord) {
    int held = 0;
    Finally up{page, "Input.dispatchKeyEvent", releases(chord)};
    if (chord.size() > 1) post_down(page, {chord.begin(), chord.end() - 1}, held);
    auto last = chord.back();
    // A capital by itself is typed with shift.
    const int shift = last.needs_shift && held == 0 ? held::shift : 0;
    held |= last.modifier | shift;
    co_await dispatch(page, "Input.dispatchKeyEvent", key_down(last, held));
}

}  // namespace

Task<> move_pointer(Page& page, PagePoint to, int buttons) {
    co_await dispatch(page, "Input.dispatchMouseEvent",
                      mouse_event("mouseMoved", to, buttons ? "left" : "none", buttons, 0, 0));
}

Task<> click(Page& page, PagePoint at, ClickWish wish) {
    constexpr auto method = "Input.dispatchMouseEvent";
    Finally keys_up{page, "Input.dispatchKeyEvent", releases(wish.modifiers)};
    int held = 0;
    post_down(page, wish.modifiers, held);
    if (!co_await dispatch(page, method, mouse_event("mouseMoved", at, "none", 0, 0, held))) co_return;
    for (int count = 1; count <= wish.count; ++count) {
        const auto up = mouse_event("mouseReleased", at, wish.button, 0, count, held);
        Finally release{page, method, {up}};
        if (!co_await dispatch(
                page, method, mouse_event("mousePressed", at, wish.button, bit_of(wish.button), count, held)))
            co_return;
        release.cancel();
        if (!co_await dispatch(page, method, up)) co_return;
    }
}

Task<> press_button(Page& page, PagePoint at) {
    co_await move_pointer(page, at);
    co_await dispatch(page, "Input.dispatchMouseEvent", mouse_event("mousePressed", at, "left", 1, 1, 0));
}

Task<> release_button(Page& page, PagePoint at) {
    co_await move_pointer(page, at, 1);
    co_await dispatch(page, "Input.dispatchMouseEvent", mouse_event("mouseReleased", at, "left", 0, 1, 0));
}

Task<> drag(Page& page, PagePoint from, PagePoint to) {
    constexpr int steps = 10;  // pages look at how the pointer moves, not only where it ends
    co_await press_button(page, from);
    Finally release{page, "Input.dispatchMouseEvent", {mouse_event("mouseReleased", to, "left", 0, 1, 0)}};
    for (int step = 1; step <= steps; ++step) {
        const double part = static_cast<double>(step) / steps;
        co_await move_pointer(page, {from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part}, 1);
    }
    release.cancel();
    co_await dispatch(page, "Input.dispatchMouseEvent", mouse_event("mouseReleased", to, "left", 0, 1, 0));
}

Task<> turn_wheel(Page& page, PagePoint at, double x, double y) {
    auto event = mouse_event("mouseWheel", at, "none", 0, 0, 0);
    event["deltaX"] = x;
    event["deltaY"] = y;
    co_await dispatch(page, "Input.dispatchMouseEvent", std::move(event));
}

Task<> type_text(Page& page, std::vector<TypedPiece> pieces) {
    constexpr std::size_t together = 32;  // so many go out before an answer is awaited
    for (std::size_t at = 0; at < pieces.size(); ++at) {
        const bool is_awaited = at + 1 == pieces.size() || at % together == together - 1;
        std::string method = "Input.insertText";
        json::Object params;
        if (const auto* key = std::get_if<PageKey>(&pieces[at])) {
            const int shift = key->needs_shift ? held::shift : 0;
            page.post("Input.dispatchKeyEvent", key_down(*key, shift));
            method = "Input.dispatchKeyEvent";
            params = key_up(*key, shift);
        } else {
            params["text"] = std::get<std::string>(pieces[at]);
        }
        if (!is_awaited)
            page.post(method, params);
        else if (!co_await dispatch(page, method, std::move(params)))
            co_return;
    }
}

Task<> press_keys(Page& page, std::vector<std::vector<PageKey>> chords, int times) {
    for (int i = 0; i < times; ++i)
        for (const auto& chord : chords) {
            if (page.tab().dialog() || !page.tab().is_open()) co_return;
            co_await press_chord(page, chord);
        }
}

Task<> hold_keys(Page& page, std::vector<PageKey> chord, async::Duration duration) {
    using namespace std::chrono_literals;
    constexpr auto first_repeat = 500ms;  // as a keyboard's
    constexpr auto next_repeat = 40ms;
    const auto end = std::chrono::steady_clock::now() + duration;
    Finally up{page, "Input.dispatchKeyEvent", releases(chord)};
    int held = 0;
    post_down(page, chord, held);
    async::Duration wait = first_repeat;
    while (true) {
        const auto left = end - std::chrono::steady_clock::now();
        co_await async::pause(std::min(wait, std::max(left, async::Duration::zero())));
        if (left <= wait) co_return;
        wait = next_repeat;
        if (!co_await dispatch(page, "Input.dispatchKeyEvent", key_down(chord.back(), held, true))) co_return;
    }
}

}  // namespace carrel::desk::page
