// The desk's keyboard: chords and text by XTest. What is typed is never logged.
#pragma once

#include <string>
#include <vector>

#include "desk/input/keymap.hpp"
#include "desk/input/keys.hpp"
#include "desk/input/lender.hpp"
#include "desk/input/reader.hpp"
#include "desk/screen/watch.hpp"
#include "desk/windows/window_actions.hpp"
#include "desk/x11/connection.hpp"

namespace carrel::desk::input {

using async::Task;

class Keyboard {
public:
    /// Blocks: runs on the pool. All must outlive it.
    Keyboard(async::Executor executor, x11::Connection& connection, screen::Watching& watching,
             windows::WindowList& windows, windows::WindowActions& window_actions,
             clipboard::Clipboard& clipboard);
    Keyboard(const Keyboard&) = delete;
    Keyboard& operator=(const Keyboard&) = delete;

    /// Keys that are down; they go up, last first, when this is destroyed, however that comes about.
    class Held {
    public:
        Held() = default;
        Held(Held&& other) noexcept
            : keyboard_{std::exchange(other.keyboard_, nullptr)}, codes_{std::move(other.codes_)} {}
        Held& operator=(Held&&) = delete;
        ~Held() { release(); }
        void release();

    private:
        friend class Keyboard;
        Keyboard* keyboard_ = nullptr;
        std::vector<Keycode> codes_;
    };

    /// Presses the chord's keys. Throws Error{unavailable} when the keyboard has no room for one of them.
    Task<Held> hold(Chord chord);
    Task<> press(std::vector<Chord> chords, int times);
    /// Types any text that keysyms_of takes, by the plan of plan_typing. Keys that are stuck are released
    /// first, and Caps Lock is off meanwhile. Throws Error{timeout} when the program that has the keyboard
    /// does not read what it must have read before more can be typed without a mistake.
    Task<> type(std::vector<Keysym> keysyms);

private:
    class Calm;

    // keyboard.cpp
    void note(const xcb_generic_event_t& event);
    void find_other_keyboard();
    void announce_map();
    Task<> read_keymap();
    Task<std::vector<Batch>> plan(std::vector<Keysym> keysyms);
    Task<> wait_until_read();
    Task<> prepare(Batch& batch);
    Keycode code_of(Keysym key) const;
    void send(std::uint8_t event, Keycode code);
    void release(Keycode code);

    // keyboard_typing.cpp
    Task<> type_keys(std::vector<Keysym> keysyms, Reader reader);
    Task<> send_strokes(const Batch& batch, Reader reader, int& sent);
    Task<bool> paste(std::string text, Reader reader);

    x11::Connection& connection_;
    screen::Watching& watching_;
    windows::WindowList& windows_;
    windows::WindowActions& window_actions_;
    Readers readers_;
    Lender lender_;
    Keymap keymap_;
    bool is_keymap_stale_ = false;
    std::optional<Reader> unread_;    ///< who may not yet have read strokes of spare keys
    std::uint8_t release_event_ = 0;  ///< of a device of our choice
    std::uint8_t other_device_ = 0;   ///< a keyboard that is not XTest's; 0: there is none
};

}  // namespace carrel::desk::input
