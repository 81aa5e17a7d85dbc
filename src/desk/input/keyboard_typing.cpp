// Typing texts.
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "core/text.hpp"
#include "desk/input/keyboard.hpp"
#include "desk/input/typing.hpp"

namespace carrel::desk::input {

namespace {

using namespace std::chrono_literals;

constexpr Keysym caps_lock_key = 0xffe5;
constexpr Keysym insert_key = 0xff63;
/// So many strokes go out before the X server is asked whether it keeps up, and so many before the program
/// is.
constexpr std::size_t strokes_at_once = 100;
constexpr std::size_t strokes_for_a_program = 500;
/// How long a program is awaited that does not keep up, before it gets more all the same: the X server keeps
/// it.
constexpr auto slow_patience = 2s;

}  // namespace

struct Keyboard::State {
    std::vector<Keycode> down;
    bool repeats = false;
    bool is_locked = false;
};

/// Of the keyboard, whose map is up to date then.
Task<Keyboard::State> Keyboard::read_state() {
    auto* raw = connection_.raw();
    const auto keys = xcb_query_keymap(raw).sequence;
    const auto pointer = xcb_query_pointer(raw, connection_.root()).sequence;
    const auto control = xcb_get_keyboard_control(raw).sequence;
    const auto down =
        co_await connection_.answer<xcb_query_keymap_reply_t>(keys, "reading which keys are down");
    const auto state =
        co_await connection_.answer<xcb_query_pointer_reply_t>(pointer, "reading the state of the keyboard");
    const auto settings =
        co_await connection_.answer<xcb_get_keyboard_control_reply_t>(control, "reading how keys repeat");
    co_await update_keymap(*state);
    State found{.repeats = settings->global_auto_repeat == XCB_AUTO_REPEAT_MODE_ON,
                .is_locked = (state->mask & XCB_MOD_MASK_LOCK) != 0};
    for (int code = 0; code < 256; ++code)
        if (down->keys[code / 8] & (1 << code % 8)) found.down.push_back(static_cast<Keycode>(code));
    co_return found;
}

/// The keyboard as typing needs it, as long as it lives: no key is down, keys do not repeat when the X server
/// is slow between a press and its release, and Caps Lock is off.
class Keyboard::Calm {
public:
    Calm(Keyboard& keyboard, const State& state)
        : keyboard_{keyboard}, lifted_{keyboard}, repeats_{state.repeats} {
        for (const auto code : state.down) keyboard.release(code);
        if (state.is_locked) caps_lock_ = keyboard.code_of(caps_lock_key);
        if (repeats_) set_repeating(XCB_AUTO_REPEAT_MODE_OFF);
        if (caps_lock_ != 0) press_caps_lock();
    }
    ~Calm() {
        if (caps_lock_ != 0) press_caps_lock();
        if (repeats_) set_repeating(XCB_AUTO_REPEAT_MODE_ON);
        lifted_.put_back();
        keyboard_.connection_.flush();
    }
    Calm(const Calm&) = delete;
    Calm& operator=(const Calm&) = delete;

private:
    void set_repeating(std::uint32_t mode) const {
        xcb_change_keyboard_control(keyboard_.connection_.raw(), XCB_KB_AUTO_REPEAT_MODE, &mode);
    }
    void press_caps_lock() const {
        keyboard_.send(XCB_KEY_PRESS, caps_lock_);
        keyboard_.send(XCB_KEY_RELEASE, caps_lock_);
    }

    Keyboard& keyboard_;
    Lifted lifted_;
    bool repeats_;
    Keycode caps_lock_ = 0;  ///< 0: it is not to be pressed
};

void Keyboard::send_strokes(const Batch& batch) {
    const auto shift = code_of(shift_key);
    for (const auto& stroke : batch.strokes) {
        if (stroke.with_shift) send(XCB_KEY_PRESS, shift);
        send(XCB_KEY_PRESS, stroke.code);
        send(XCB_KEY_RELEASE, stroke.code);
        if (stroke.with_shift) send(XCB_KEY_RELEASE, shift);
    }
}

/// In pieces, between which others have their turns.
Task<> Keyboard::type_keys(std::vector<Keysym> keysyms, Reader reader) {
    std::span<const Keysym> rest{keysyms};
    std::size_t unasked = 0;
    while (!rest.empty()) {
        // Who waits for its turn comes to it before the next piece.
        co_await async::yield_turn();
        const auto turn = co_await turns_.take();
        const auto state = co_await read_state();
        {
            const Calm calm{*this, state};
            auto batch = keymap_.plan_next(rest, strokes_at_once);
            if (!batch) throw no_room();
            co_await prepare(*batch, By::agent);
            send_strokes(*batch);
            unasked += batch->strokes.size();
            const auto is_spare = [&](const Stroke& stroke) { return keymap_.is_ours(stroke.code); };
            if (std::ranges::any_of(batch->strokes, is_spare)) note_unread(reader);
        }
        co_await connection_.sync();
        if (reader.answers_pings && unasked >= strokes_for_a_program) {
            co_await window_actions_.ping(reader.window, slow_patience);
            unasked = 0;
        }
    }
}

/// Answers false when the program does not take the text. To be called in one's turn.
Task<bool> Keyboard::paste(std::string text, Reader reader) {
    const auto press_keys = [this] {
        for (const auto key : {shift_key, insert_key}) send(XCB_KEY_PRESS, code_of(key));
        for (const auto key : {insert_key, shift_key}) send(XCB_KEY_RELEASE, code_of(key));
    };
    const auto wait = [this, reader]() -> Task<> {
        if (reader.answers_pings)
            co_await window_actions_.ping(reader.window, slow_patience);
        else
            co_await connection_.sync();
    };
    bool is_taken = false;
    {
        const Calm calm{*this, co_await read_state()};
        is_taken = co_await lender_.lend({.text = std::move(text),
                                          .taker = reader.window,
                                          .with_primary = reader.is_terminal,
                                          .ask_for_it = press_keys,
                                          .wait_for_end = wait});
    }
    co_await connection_.sync();
    co_return is_taken;
}

Task<> Keyboard::type(std::vector<Keysym> keysyms) {
    Reader reader;
    const auto total = keysyms.size();
    {
        const auto turn = co_await turns_.take();
        co_await read_state();
        if (total >= strokes_for_a_program || is_any_missing(keysyms, keymap_))
            reader = co_await readers_.describe(co_await windows_.find_active_id());
    }
    std::size_t done = 0;
    for (auto& part : plan_typing(keysyms, keymap_, reader)) {
        if (part.pasted.empty()) {
            done += part.keysyms.size();
            co_await type_keys(std::move(part.keysyms), reader);
            continue;
        }
        const auto length = core::count_characters(part.pasted);
        const auto turn = co_await turns_.take();
        if (!co_await paste(std::move(part.pasted), reader))
            throw core::Error{core::Code::timeout,
                              fmt::format("the program in front did not take the text: {} of {} characters "
                                          "were typed",
                                          done, total)};
        done += length;
    }
}

}  // namespace carrel::desk::input
