// Typing texts.
#include <fmt/format.h>

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
constexpr int strokes_at_once = 100;
constexpr int strokes_for_a_program = 500;
/// How long a program is awaited that does not keep up, before it gets more all the same: the X server keeps
/// it.
constexpr auto slow_patience = 2s;

}  // namespace

/// The keyboard as typing needs it, as long as it lives: keys do not repeat when the X server is slow between
/// a press and its release, and Caps Lock is off.
class Keyboard::Calm {
public:
    Calm(Keyboard& keyboard, bool repeats, bool is_locked) : keyboard_{keyboard}, repeats_{repeats} {
        if (is_locked) caps_lock_ = keyboard.code_of(caps_lock_key);
        if (repeats_) set_repeating(XCB_AUTO_REPEAT_MODE_OFF);
        if (caps_lock_ != 0) press_caps_lock();
    }
    ~Calm() {
        if (caps_lock_ != 0) press_caps_lock();
        if (repeats_) set_repeating(XCB_AUTO_REPEAT_MODE_ON);
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
    bool repeats_;
    Keycode caps_lock_ = 0;  ///< 0: it is not to be pressed
};

Task<> Keyboard::send_strokes(const Batch& batch, Reader reader, int& sent) {
    const auto shift = code_of(shift_key);
    for (const auto& stroke : batch.strokes) {
        if (stroke.with_shift) send(XCB_KEY_PRESS, shift);
        send(XCB_KEY_PRESS, stroke.code);
        send(XCB_KEY_RELEASE, stroke.code);
        if (stroke.with_shift) send(XCB_KEY_RELEASE, shift);
        if (keymap_.is_ours(stroke.code)) unread_ = reader;
        if (++sent % strokes_at_once == 0) co_await connection_.sync();
        if (reader.answers_pings && sent % strokes_for_a_program == 0)
            co_await window_actions_.ping(reader.window, slow_patience);
    }
}

Task<> Keyboard::type_keys(std::vector<Keysym> keysyms, Reader reader) {
    int sent = 0;
    for (auto& batch : co_await plan(std::move(keysyms))) {
        co_await prepare(batch);
        co_await send_strokes(batch, reader, sent);
    }
}

/// Answers false when the program does not take the text.
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
    co_return co_await lender_.lend({.text = std::move(text),
                                     .taker = reader.window,
                                     .with_primary = reader.is_terminal,
                                     .ask_for_it = press_keys,
                                     .wait_for_end = wait});
}

Task<> Keyboard::type(std::vector<Keysym> keysyms) {
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
    for (int code = 0; code < 256; ++code)
        if (down->keys[code / 8] & (1 << code % 8)) release(static_cast<Keycode>(code));
    // What the answers brought with them tells whether the map was changed.
    if (is_keymap_stale_) co_await read_keymap();
    keymap_.use_group(group_of(*state));
    const Calm calm{*this, settings->global_auto_repeat == XCB_AUTO_REPEAT_MODE_ON,
                    (state->mask & XCB_MOD_MASK_LOCK) != 0};
    Reader reader;
    const auto total = keysyms.size();
    if (total >= strokes_for_a_program || is_any_missing(keysyms, keymap_))
        reader = co_await readers_.describe(co_await windows_.find_active_id());
    std::size_t done = 0;
    for (auto& part : plan_typing(keysyms, keymap_, reader)) {
        if (part.pasted.empty()) {
            done += part.keysyms.size();
            co_await type_keys(std::move(part.keysyms), reader);
            continue;
        }
        const auto length = core::count_characters(part.pasted);
        if (!co_await paste(std::move(part.pasted), reader))
            throw core::Error{core::Code::timeout,
                              fmt::format("the program in front did not take the text: {} of {} characters "
                                          "were typed",
                                          done, total)};
        done += length;
    }
    co_await connection_.sync();
}

}  // namespace carrel::desk::input
