#include "desk/input/keyboard.hpp"

#include <xcb/xtest.h>

#include <algorithm>
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

/// What changes the meaning of other keys as long as it is down.
constexpr std::array<Keysym, 13> keys_of_modifiers{0xffe1, 0xffe2, 0xffe3, 0xffe4, 0xffe7, 0xffe8, 0xffe9,
                                                   0xffea, 0xffeb, 0xffec, 0xffed, 0xffee, 0xfe03};
/// A key that means nothing to anybody (VoidSymbol).
constexpr Keysym nothing = 0xffffff;

Keymap to_keymap(const xcb_setup_t* setup, const xcb_get_keyboard_mapping_reply_t& reply) {
    const auto* keysyms = xcb_get_keyboard_mapping_keysyms(&reply);
    const auto count = xcb_get_keyboard_mapping_keysyms_length(&reply);
    std::vector<Keysym> all{keysyms, keysyms + count};
    // The last key is released to announce changes (see announce_map), so it is no spare one.
    if (!all.empty() && all.back() == 0) all.back() = nothing;
    return {setup->min_keycode, reply.keysyms_per_keycode, std::move(all)};
}

xcb_get_keyboard_mapping_cookie_t ask_keymap(xcb_connection_t* raw) {
    const auto* setup = xcb_get_setup(raw);
    return xcb_get_keyboard_mapping(raw, setup->min_keycode,
                                    static_cast<std::uint8_t>(setup->max_keycode - setup->min_keycode + 1));
}

}  // namespace

core::Error no_room() {
    return core::Error{core::Code::unavailable, "the keyboard's map has no free key for this character"};
}

Keyboard::Keyboard(async::Executor executor, x11::Connection& connection, screen::Watching& watching,
                   windows::WindowList& windows, windows::WindowActions& window_actions,
                   clipboard::Clipboard& clipboard)
    : connection_{connection},
      watching_{watching},
      windows_{windows},
      window_actions_{window_actions},
      readers_{connection},
      lender_{executor, connection, clipboard},
      turns_{executor} {
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
/// changes: so another one than the next key's is used, by the release of a key that is not down. The next
/// stroke changes back, and programs read the map between the strokes before and after, in order.
void Keyboard::announce_map(By next) {
    if (other_device_ == 0) return;
    const auto last = xcb_get_setup(connection_.raw())->max_keycode;
    if (next == By::viewer)
        send(XCB_KEY_RELEASE, last);
    else
        send_as_viewer(false, last);
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
    is_plan_open_ = false;
}

/// To be called with an answer: what came with it tells whether the map was changed.
Task<> Keyboard::update_keymap(const xcb_query_pointer_reply_t& state) {
    if (is_keymap_stale_ || is_plan_open_) co_await read_keymap();
    keymap_.use_group(group_of(state));
}

/// Returns when the programs that were typed into have read all strokes of spare keys; false when one does
/// not within `limit`.
Task<bool> Keyboard::wait_until_read(async::Duration limit) {
    while (!unread_.empty()) {
        const auto reader = unread_.back();
        if (reader.answers_pings) {
            if (!co_await window_actions_.ping(reader.window, limit)) co_return false;
        } else {
            screen::Watch watch{watching_};
            co_await connection_.sync();
            co_await watch.settle(reading_times);
        }
        std::erase_if(unread_, [&](const Reader& each) { return each.window == reader.window; });
    }
    co_return true;
}

void Keyboard::note_unread(const Reader& reader) {
    const auto is_same = [&](const Reader& each) { return each.window == reader.window; };
    if (std::ranges::none_of(unread_, is_same)) unread_.push_back(reader);
}

/// Of whoever has the keyboard now.
Task<> Keyboard::note_unread() {
    note_unread(co_await readers_.describe(co_await windows_.find_active_id()));
}

/// Makes the batch's remaps. A program that does not read its keyboard is an error for an agent, who could
/// not see what went wrong; who sits at a viewer sees it, and goes on to another program after a while.
Task<> Keyboard::prepare(Batch& batch, By next) {
    if (batch.remaps.empty()) co_return;
    // Until they are made they are only a plan: when it is cut short, the display's map counts.
    is_plan_open_ = true;
    if (batch.must_wait &&
        !co_await wait_until_read(next == By::agent ? answer_patience : viewers_patience)) {
        if (next == By::agent)
            throw core::Error{
                core::Code::timeout,
                "the program that was typed into does not read its keyboard: nothing more can be "
                "typed into it without a mistake"};
        unread_.clear();
    }
    if (batch.must_wait) keymap_.note_read(batch);
    for (const auto& [code, keysym] : batch.remaps) {
        // The same in every column: neither Shift nor a layout's group changes it.
        const std::vector<Keysym> row(static_cast<std::size_t>(keymap_.per_code()), keysym);
        xcb_change_keyboard_mapping(connection_.raw(), 1, code, static_cast<std::uint8_t>(keymap_.per_code()),
                                    row.data());
    }
    is_plan_open_ = false;
    announce_map(next);
    co_await connection_.sync();
}

/// Of a key that every keyboard has; 0 when this one does not.
Keycode Keyboard::code_of(Keysym key) const { return keymap_.find_key(key).value_or(0); }

void Keyboard::send(std::uint8_t event, Keycode code) {
    xcb_test_fake_input(connection_.raw(), event, code, XCB_CURRENT_TIME, XCB_NONE, 0, 0, 0);
}

void Keyboard::send_as_viewer(bool is_down, Keycode code) {
    if (other_device_ == 0) return;
    const auto event = is_down ? release_event_ - 1 : release_event_;
    xcb_test_fake_input(connection_.raw(), static_cast<std::uint8_t>(event), code, XCB_CURRENT_TIME, XCB_NONE,
                        0, 0, other_device_);
}

/// On whichever keyboard it is down: a viewer's keys are those of the other one.
void Keyboard::release(Keycode code) {
    send(XCB_KEY_RELEASE, code);
    send_as_viewer(false, code);
}

/// To the X server a key is up when one device has released it, whatever the other one says: so what an agent
/// holds is pressed again after a viewer has released it.
void Keyboard::press_held_again(Keycode code) {
    if (held_[code] == 0) return;
    send(XCB_KEY_RELEASE, code);
    send(XCB_KEY_PRESS, code);
}

/// The modifiers that viewers have down.
std::vector<Keycode> Keyboard::viewers_modifiers() const {
    std::vector<Keycode> codes;
    for (const auto& [keysym, count] : viewers_keys_) {
        const bool is_modifier = std::ranges::find(keys_of_modifiers, keysym) != keys_of_modifiers.end();
        if (const auto code = code_of(keysym); is_modifier && code != 0) codes.push_back(code);
    }
    return codes;
}

Keyboard::Lifted::Lifted(Keyboard& keyboard) : keyboard_{&keyboard}, codes_{keyboard.viewers_modifiers()} {
    for (const auto code : codes_) {
        keyboard.send_as_viewer(false, code);
        keyboard.press_held_again(code);
    }
}

void Keyboard::Lifted::put_back() {
    auto* keyboard = std::exchange(keyboard_, nullptr);
    if (!keyboard) return;
    // Not what they have let go meanwhile: nobody would release it.
    const auto still = keyboard->viewers_modifiers();
    for (const auto code : codes_)
        if (std::ranges::find(still, code) != still.end()) keyboard->send_as_viewer(true, code);
}

void Keyboard::Held::release() {
    auto* keyboard = std::exchange(keyboard_, nullptr);
    if (!keyboard) return;
    for (const auto code : std::views::reverse(codes_))
        if (--keyboard->held_[code] == 0) keyboard->send(XCB_KEY_RELEASE, code);
    lifted_.put_back();
    // The same the other way round.
    const auto theirs = keyboard->viewers_modifiers();
    for (const auto code : codes_)
        if (std::ranges::find(theirs, code) != theirs.end()) {
            keyboard->send_as_viewer(false, code);
            keyboard->send_as_viewer(true, code);
        }
    keyboard->connection_.flush();
    turn_.reset();
}

void Keyboard::Held::let_others_type() {
    lifted_.put_back();
    turn_.reset();
}

Task<Keyboard::Held> Keyboard::hold(Chord chord) {
    Held held;
    // What viewers hold is up as well when nothing is held: it is not meant for what comes now.
    if (chord.empty() && viewers_modifiers().empty()) co_return held;
    held.turn_.emplace(co_await turns_.take());
    const auto state = co_await connection_.answer<xcb_query_pointer_reply_t>(
        xcb_query_pointer(connection_.raw(), connection_.root()).sequence,
        "reading the state of the keyboard");
    co_await update_keymap(*state);
    auto batches = keymap_.plan(chord);
    if (batches.empty() && !chord.empty()) throw no_room();
    std::vector<Keycode> codes;
    bool has_spare = false;
    for (auto& batch : batches) {
        co_await prepare(batch, By::agent);
        for (const auto& stroke : batch.strokes) {
            if (stroke.with_shift) codes.push_back(code_of(shift_key));
            codes.push_back(stroke.code);
            has_spare |= keymap_.is_ours(stroke.code);
        }
    }
    if (has_spare) co_await note_unread();
    held.keyboard_ = this;
    held.lifted_ = Lifted{*this};
    for (const auto code : codes) {
        send(XCB_KEY_PRESS, code);
        ++held_[code];
    }
    held.codes_ = std::move(codes);
    co_return held;
}

Task<> Keyboard::press(std::vector<Chord> chords, int times) {
    for (int i = 0; i < times; ++i) {
        for (const auto& chord : chords) auto held = co_await hold(chord);
        co_await connection_.sync();
    }
}

}  // namespace carrel::desk::input
