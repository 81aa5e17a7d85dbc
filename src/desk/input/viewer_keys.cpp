#include "desk/input/viewer_keys.hpp"

#include <algorithm>
#include <ranges>

namespace carrel::desk::input {

namespace {

constexpr Keysym right_shift_key = 0xffe2;
/// Keysyms of characters that are older than Unicode: X11 protocol, appendix A.
constexpr Keysym first_old_character = 0x100;
constexpr Keysym last_old_character = 0xfdff;
/// Nobody holds more; what is pressed beyond them goes to the X server without a look.
constexpr std::size_t most_keys_down = 256;

/// Characters are looked for in the layout in effect, other keys in every one.
bool is_character(Keysym keysym) {
    return find_character(keysym) || (keysym >= first_old_character && keysym <= last_old_character);
}

bool is_capital(Keysym keysym) { return keysym >= 'A' && keysym <= 'Z'; }

std::pair<std::uint32_t, Keysym> identity(const rfb::KeyEvent& event) {
    return {event.place, event.place == 0 ? event.keysym : 0};
}

}  // namespace

bool is_lacking(Keysym keysym, const Keymap& keymap) {
    if (keysym == 0) return false;
    return is_character(keysym) ? !keymap.find(keysym) : !keymap.find_key(keysym);
}

/// How many viewers still have it down.
int ViewerKeys::forget(Keys::iterator place) {
    const auto key = std::move(place->second);
    down_.erase(place);
    if (key.lent) keyboard_.let_go(*key.lent);
    return keyboard_.count_viewers_key(key.event.keysym, -1);
}

ViewerKeys::~ViewerKeys() {
    while (!down_.empty()) forget(down_.begin());
}

Task<> ViewerKeys::leave() {
    if (down_.empty() && kept_.empty()) co_return;
    const auto turn = co_await keyboard_.take_viewers_turn();
    kept_.insert(down_.begin(), down_.end());
    while (!down_.empty()) forget(down_.begin());
    for (const auto& key : std::views::values(kept_)) {
        co_await pass_on_(rfb::to_message({key.event.keysym, key.event.place, false}));
        keyboard_.note_release(key.event.keysym);
    }
    kept_.clear();
}

bool ViewerKeys::is_shift_down() const {
    return std::ranges::any_of(std::views::values(down_), [](const Key& key) {
        return key.event.keysym == shift_key || key.event.keysym == right_shift_key;
    });
}

/// Without the turn the keyboard's map is somebody else's, in the middle of his work: the key is counted, and
/// goes on as it is.
Task<std::string> ViewerKeys::press(std::string message, rfb::KeyEvent event, bool has_turn) {
    bool needs_shift = false;
    const bool is_new = down_.size() < most_keys_down && !down_.contains(identity(event));
    if (is_new && !has_turn) {
        down_.emplace(identity(event), Key{event, std::nullopt});
        keyboard_.count_viewers_key(event.keysym, 1);
    } else if (is_new) {
        const auto view = co_await keyboard_.view();
        // The X server would take a capital without Shift for a sign that Caps Lock is on at the viewer, and
        // press it for everybody.
        needs_shift =
            event.place == 0 && is_capital(event.keysym) && !view.is_caps_lock_on && !is_shift_down();
        Key key{event, std::nullopt};
        if (is_lacking(event.keysym, view.keymap)) {
            if (const auto loan = co_await keyboard_.lend(event.keysym)) {
                key.lent = loan->code;
                // The release that follows is of a key that the X server does not know to be down.
                if (loan->is_typed) message.clear();
            }
        }
        down_.emplace(identity(event), key);
        keyboard_.count_viewers_key(event.keysym, 1);
    }
    kept_.erase(identity(event));
    if (needs_shift)
        message = rfb::to_message({shift_key, 0, true}) + message + rfb::to_message({shift_key, 0, false});
    co_return message;
}

/// Empty when another viewer has the same key down.
std::string ViewerKeys::release(std::string message, rfb::KeyEvent event) {
    const auto place = down_.find(identity(event));
    if (place == down_.end()) return message;
    const auto key = place->second;
    if (forget(place) == 0) return message;
    kept_.emplace(identity(event), key);
    return {};
}

Task<> ViewerKeys::act(std::string message, rfb::KeyEvent event) {
    const auto turn = co_await keyboard_.take_viewers_turn();
    auto passed = message;
    try {
        passed = event.is_down ? co_await press(std::move(message), event, turn.has_value())
                               : release(std::move(message), event);
    } catch (const core::Error&) {
        // The display does not answer: it gets the key as it is, if ever.
    }
    if (passed.empty()) co_return;
    co_await pass_on_(std::move(passed));
    // A capital without Shift has brought its own, which is up again.
    if (!event.is_down)
        keyboard_.note_release(event.keysym);
    else if (is_capital(event.keysym) && !is_shift_down())
        keyboard_.note_release(shift_key);
}

}  // namespace carrel::desk::input
