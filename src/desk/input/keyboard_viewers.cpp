// What viewers' keys need of the keyboard.
#include <algorithm>

#include "desk/input/keyboard.hpp"
#include "desk/input/typing.hpp"

namespace carrel::desk::input {

Task<std::optional<async::Turns::Turn>> Keyboard::take_viewers_turn() {
    // Who has waited goes first: a viewer's next key would take the turn before he has noticed that it is
    // free.
    co_await async::yield_turn();
    co_return co_await turns_.take_within(viewers_patience);
}

Task<Keyboard::View> Keyboard::view() {
    if (connection_.is_hung()) throw x11::display_hangs();
    const auto state = co_await connection_.answer<xcb_query_pointer_reply_t>(
        xcb_query_pointer(connection_.raw(), connection_.root()).sequence,
        "reading the state of the keyboard");
    co_await update_keymap(*state);
    co_return View{keymap_, (state->mask & XCB_MOD_MASK_LOCK) != 0};
}

/// Of a terminal that gives no sign of life it is known that it has read all keys when it takes a paste that
/// it was asked for after them: so it gets the character by one. False: it is no such terminal.
Task<bool> Keyboard::paste_instead(Keysym keysym) {
    const auto reader = co_await readers_.describe(co_await windows_.find_active_id());
    auto parts = plan_typing({keysym}, keymap_, reader);
    if (parts.size() != 1 || parts[0].pasted.empty()) co_return false;
    if (!co_await paste(std::move(parts[0].pasted), reader)) co_return false;
    std::erase_if(unread_, [&](const Reader& each) { return each.window == reader.window; });
    co_return true;
}

Task<std::optional<Keyboard::Loan>> Keyboard::lend(Keysym keysym) {
    const auto plan = [keysym](Keymap& keymap) {
        std::span<const Keysym> rest{&keysym, 1};
        return keymap.plan_next(rest, 1);
    };
    // A paste may read the map anew, which must not find it half planned.
    auto trial = keymap_;
    const auto attempt = plan(trial);
    Loan loan;
    if (attempt && attempt->must_wait) loan.is_typed = co_await paste_instead(keysym);
    auto batch = plan(keymap_);
    if (!batch) co_return std::nullopt;
    co_await prepare(*batch, By::viewer);
    loan.code = batch->strokes.front().code;
    if (!loan.is_typed && keymap_.is_ours(loan.code)) co_await note_unread();
    keymap_.keep(loan.code);  // last: nobody would give it back of a loan that failed
    co_return loan;
}

void Keyboard::note_release(Keysym keysym) {
    const auto code = code_of(keysym);
    if (code == 0) return;
    // Where two viewers have it down, the X server knows of one release only.
    send_as_viewer(false, code);
    const auto down = viewers_modifiers();
    if (std::ranges::find(down, code) != down.end()) send_as_viewer(true, code);
    press_held_again(code);
    connection_.flush();
}

int Keyboard::count_viewers_key(Keysym keysym, int more) {
    const auto count = viewers_keys_[keysym] += more;
    if (count <= 0) viewers_keys_.erase(keysym);
    return count;
}

}  // namespace carrel::desk::input
