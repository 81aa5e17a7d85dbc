#include "desk/input/keyboard.hpp"

#include <xcb/xtest.h>

#include <ranges>
#include <string_view>

namespace carrel::desk::input {

namespace {

using namespace std::chrono_literals;

/// A program under load may take long; before it has read, its keys must keep their meanings.
constexpr auto answer_patience = 30s;
/// Programs that answer no pings have most likely read what was typed when the screen rests.
constexpr screen::SettleTimes reading_times{250ms, 100ms, 1500ms};
/// X servers make four input devices for themselves, 2 to 5, of which the last is XTest's keyboard. The
/// real ones have the numbers from here on.
constexpr std::uint8_t first_real_device = 6;
constexpr std::uint8_t last_real_device = 20;
/// Of the XInput extension's events, counted from its first.
constexpr std::uint8_t device_key_release = 2;

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

Keyboard::Keyboard(async::Executor executor, x11::Connection& connection, screen::Watching& watching,
                   windows::WindowList& windows, windows::WindowActions& window_actions,
                   clipboard::Clipboard& clipboard)
    : connection_{connection},
      watching_{watching},
      windows_{windows},
      window_actions_{window_actions},
      readers_{connection},
      lender_{std::move(executor), connection, clipboard} {
    auto* raw = connection.raw();
    const x11::Answer<xcb_get_keyboard_mapping_reply_t> reply{
        xcb_get_keyboard_mapping_reply(raw, ask_keymap(raw), nullptr)};
    if (!reply) throw x11::display_is_gone();
    keymap_ = to_keymap(xcb_get_setup(raw), *reply);
    find_other_keyboard();
    connection.on_event([this](const auto& event) { note(event); });
}

/// Blocks. A device is a keyboard when it takes the release of a key, which is not down and does nothing.
void Keyboard::find_other_keyboard() {
    auto* raw = connection_.raw();
    constexpr std::string_view extension = "XInputExtension";
    const x11::Answer<xcb_query_extension_reply_t> input{xcb_query_extension_reply(
        raw, xcb_query_extension(raw, static_cast<std::uint16_t>(extension.size()), extension.data()),
        nullptr)};
    if (!input || !input->present) return;
    release_event_ = input->first_event + device_key_release;
    for (auto device = first_real_device; device <= last_real_device && other_device_ == 0; ++device) {
        const auto cookie = xcb_test_fake_input_checked(raw, release_event_, xcb_get_setup(raw)->max_keycode,
                                                        XCB_CURRENT_TIME, XCB_NONE, 0, 0, device);
        const x11::Answer<xcb_generic_error_t> refusal{xcb_request_check(raw, cookie)};
        if (!refusal) other_device_ = device;
    }
}

/// Chromium reads the keyboard's map only when another keyboard is used than before, not when the map
/// changes: so another one is used, by the release of a key that is not down. The next stroke changes back,
/// and programs read the map between the strokes before and after, in order.
void Keyboard::announce_map() {
    if (other_device_ == 0) return;
    xcb_test_fake_input(connection_.raw(), release_event_, xcb_get_setup(connection_.raw())->max_keycode,
                        XCB_CURRENT_TIME, XCB_NONE, 0, 0, other_device_);
}

void Keyboard::note(const xcb_generic_event_t& event) {
    if (event.response_type != XCB_MAPPING_NOTIFY) return;
    const auto& change = reinterpret_cast<const xcb_mapping_notify_event_t&>(event);
    // Of our own remaps nothing needs to be read again.
    const bool is_our_own =
        change.request == XCB_MAPPING_KEYBOARD && change.count == 1 && keymap_.is_ours(change.first_keycode);
    is_keymap_stale_ |= change.request != XCB_MAPPING_POINTER && !is_our_own;
}

Task<> Keyboard::read_keymap() {
    is_keymap_stale_ = false;
    const auto reply = co_await connection_.answer<xcb_get_keyboard_mapping_reply_t>(
        ask_keymap(connection_.raw()).sequence, "reading the keyboard's map");
    keymap_.replace(to_keymap(xcb_get_setup(connection_.raw()), *reply));
}

Task<std::vector<Batch>> Keyboard::plan(std::vector<Keysym> keysyms) {
    auto batches = keymap_.plan(keysyms);
    if (batches.empty())
        throw core::Error{core::Code::unavailable, "the keyboard's map has no free key for this character"};
    co_return batches;
}

/// Returns when the program that was typed into has read all strokes of spare keys.
Task<> Keyboard::wait_until_read() {
    if (!unread_) co_return;
    if (unread_->answers_pings) {
        if (!co_await window_actions_.ping(unread_->window, answer_patience))
            throw core::Error{core::Code::timeout,
                              "the program that was typed into does not read its keyboard: nothing more can "
                              "be typed into it without a mistake"};
    } else {
        screen::Watch watch{watching_};
        co_await connection_.sync();
        co_await watch.settle(reading_times);
    }
    unread_.reset();
}

/// Makes the batch's remaps.
Task<> Keyboard::prepare(Batch& batch) {
    if (batch.remaps.empty()) co_return;
    if (batch.must_wait) co_await wait_until_read();
    for (const auto& [code, keysym] : batch.remaps) {
        // The same in every column: neither Shift nor a layout's group changes it.
        const std::vector<Keysym> row(static_cast<std::size_t>(keymap_.per_code()), keysym);
        xcb_change_keyboard_mapping(connection_.raw(), 1, code, static_cast<std::uint8_t>(keymap_.per_code()),
                                    row.data());
    }
    announce_map();
    co_await connection_.sync();
}

/// Of a key that every keyboard has; 0 when this one does not.
Keycode Keyboard::code_of(Keysym key) const { return keymap_.find_key(key).value_or(0); }

void Keyboard::send(std::uint8_t event, Keycode code) {
    xcb_test_fake_input(connection_.raw(), event, code, XCB_CURRENT_TIME, XCB_NONE, 0, 0, 0);
}

/// On whichever keyboard it is down: a viewer's keys are those of the other one.
void Keyboard::release(Keycode code) {
    send(XCB_KEY_RELEASE, code);
    if (other_device_ != 0)
        xcb_test_fake_input(connection_.raw(), release_event_, code, XCB_CURRENT_TIME, XCB_NONE, 0, 0,
                            other_device_);
}

void Keyboard::Held::release() {
    auto* keyboard = std::exchange(keyboard_, nullptr);
    if (!keyboard) return;
    for (const auto code : std::views::reverse(codes_)) keyboard->send(XCB_KEY_RELEASE, code);
    keyboard->connection_.flush();
}

Task<Keyboard::Held> Keyboard::hold(Chord chord) {
    const auto state = co_await connection_.answer<xcb_query_pointer_reply_t>(
        xcb_query_pointer(connection_.raw(), connection_.root()).sequence,
        "reading the state of the keyboard");
    // What the answer brought with it tells whether the map was changed.
    if (is_keymap_stale_) co_await read_keymap();
    keymap_.use_group(group_of(*state));
    auto batches = co_await plan(chord);
    Held held;
    held.keyboard_ = this;
    bool has_spare = false;
    for (auto& batch : batches) {
        co_await prepare(batch);
        for (const auto& stroke : batch.strokes) {
            if (stroke.with_shift) held.codes_.push_back(code_of(shift_key));
            held.codes_.push_back(stroke.code);
            has_spare |= keymap_.is_ours(stroke.code);
        }
    }
    if (has_spare) unread_ = co_await readers_.describe(co_await windows_.find_active_id());
    for (const auto code : held.codes_) send(XCB_KEY_PRESS, code);
    co_return held;
}

Task<> Keyboard::press(std::vector<Chord> chords, int times) {
    for (int i = 0; i < times; ++i) {
        for (const auto& chord : chords) auto held = co_await hold(chord);
        co_await connection_.sync();
    }
}

}  // namespace carrel::desk::input
