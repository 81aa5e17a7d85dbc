#include "desk/keyboard.hpp"

#include <xcb/xtest.h>

#include <ranges>

namespace carrel::desk {

namespace {

using namespace std::chrono_literals;

constexpr Keysym shift_key = 0xffe1;
constexpr Keysym caps_lock_key = 0xffe5;
/// So many strokes go out before the X server is asked whether it keeps up.
constexpr int strokes_at_once = 100;
/// Programs have read what was typed when nothing on the screen changes any more.
constexpr SettleTimes reading_times{100ms, 40ms, 500ms};

Keymap to_keymap(const xcb_setup_t* setup, const xcb_get_keyboard_mapping_reply_t& reply) {
    const auto* keysyms = xcb_get_keyboard_mapping_keysyms(&reply);
    const auto count = xcb_get_keyboard_mapping_keysyms_length(&reply);
    return {setup->min_keycode, reply.keysyms_per_keycode, {keysyms, keysyms + count}};
}

xcb_get_keyboard_mapping_cookie_t ask_keymap(xcb_connection_t* raw) {
    const auto* setup = xcb_get_setup(raw);
    return xcb_get_keyboard_mapping(raw, setup->min_keycode,
                                    static_cast<std::uint8_t>(setup->max_keycode - setup->min_keycode + 1));
}

}  // namespace

Keyboard::Keyboard(Connection& connection, Damage& damage) : connection_{connection}, damage_{damage} {
    auto* raw = connection.raw();
    const Answer<xcb_get_keyboard_mapping_reply_t> reply{
        xcb_get_keyboard_mapping_reply(raw, ask_keymap(raw), nullptr)};
    if (!reply) throw display_is_gone();
    keymap_ = to_keymap(xcb_get_setup(raw), *reply);
    connection.on_event([this](const auto& event) { note(event); });
}

void Keyboard::note(const xcb_generic_event_t& event) {
    if (event.response_type != XCB_MAPPING_NOTIFY) return;
    const auto& change = reinterpret_cast<const xcb_mapping_notify_event_t&>(event);
    is_keymap_stale_ |= change.request != XCB_MAPPING_POINTER;
}

Task<> Keyboard::read_keymap() {
    is_keymap_stale_ = false;
    const auto reply = co_await connection_.answer<xcb_get_keyboard_mapping_reply_t>(
        ask_keymap(connection_.raw()).sequence, "reading the keyboard's map");
    keymap_.replace(to_keymap(xcb_get_setup(connection_.raw()), *reply));
}

Task<std::vector<Batch>> Keyboard::plan(std::vector<Keysym> keysyms) {
    if (is_keymap_stale_) co_await read_keymap();
    auto batches = keymap_.plan(keysyms);
    if (batches.empty())
        throw core::Error{core::Code::unavailable, "the keyboard's map has no free key for this character"};
    co_return batches;
}

/// Makes the batch's remaps.
Task<> Keyboard::prepare(Batch& batch) {
    if (batch.remaps.empty()) co_return;
    if (batch.must_wait) {
        Damage::Watch watch{damage_};
        co_await connection_.sync();
        co_await watch.settle(reading_times);
    }
    for (const auto& [code, keysym] : batch.remaps) {
        // The same in every column: neither Shift nor a layout's group changes it.
        const std::vector<Keysym> row(static_cast<std::size_t>(keymap_.per_code()), keysym);
        xcb_change_keyboard_mapping(connection_.raw(), 1, code, static_cast<std::uint8_t>(keymap_.per_code()),
                                    row.data());
    }
    co_await connection_.sync();
    // The notice of our own change: the map is known.
    co_await read_keymap();
}

Keycode Keyboard::shift_code() const {
    const auto stroke = keymap_.find(shift_key);
    return stroke ? stroke->code : 0;
}

void Keyboard::send(std::uint8_t event, Keycode code) {
    xcb_test_fake_input(connection_.raw(), event, code, XCB_CURRENT_TIME, XCB_NONE, 0, 0, 0);
}

void Keyboard::Held::release() {
    auto* keyboard = std::exchange(keyboard_, nullptr);
    if (!keyboard) return;
    for (const auto code : std::views::reverse(codes_)) keyboard->send(XCB_KEY_RELEASE, code);
    xcb_flush(keyboard->connection_.raw());
}

Task<Keyboard::Held> Keyboard::hold(Chord chord) {
    auto batches = co_await plan(chord);
    Held held;
    held.keyboard_ = this;
    for (auto& batch : batches) {
        co_await prepare(batch);
        for (const auto& stroke : batch.strokes) {
            if (stroke.with_shift) held.codes_.push_back(shift_code());
            held.codes_.push_back(stroke.code);
        }
    }
    for (const auto code : held.codes_) send(XCB_KEY_PRESS, code);
    co_return held;
}

Task<> Keyboard::press(std::vector<Chord> chords, int times) {
    for (int i = 0; i < times; ++i) {
        for (const auto& chord : chords) auto held = co_await hold(chord);
        co_await connection_.sync();
    }
}

Task<> Keyboard::release_stuck_keys() {
    const auto state = co_await connection_.answer<xcb_query_keymap_reply_t>(
        xcb_query_keymap(connection_.raw()).sequence, "reading which keys are down");
    for (int code = 0; code < 256; ++code)
        if (state->keys[code / 8] & (1 << code % 8)) send(XCB_KEY_RELEASE, static_cast<Keycode>(code));
}

Task<bool> Keyboard::is_caps_locked() {
    const auto pointer = co_await connection_.answer<xcb_query_pointer_reply_t>(
        xcb_query_pointer(connection_.raw(), connection_.root()).sequence,
        "reading the state of the keyboard");
    co_return (pointer->mask & XCB_MOD_MASK_LOCK) != 0;
}

Task<> Keyboard::type(std::vector<Keysym> keysyms) {
    co_await release_stuck_keys();
    const bool was_locked = co_await is_caps_locked();
    if (was_locked) co_await press({{caps_lock_key}}, 1);
    int sent = 0;
    for (auto& batch : co_await plan(std::move(keysyms))) {
        co_await prepare(batch);
        const auto shift = shift_code();
        for (const auto& stroke : batch.strokes) {
            if (stroke.with_shift) send(XCB_KEY_PRESS, shift);
            send(XCB_KEY_PRESS, stroke.code);
            send(XCB_KEY_RELEASE, stroke.code);
            if (stroke.with_shift) send(XCB_KEY_RELEASE, shift);
            if (++sent % strokes_at_once == 0) co_await connection_.sync();
        }
    }
    if (was_locked) co_await press({{caps_lock_key}}, 1);
    co_await connection_.sync();
}

}  // namespace carrel::desk
