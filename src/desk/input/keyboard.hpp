// The desk's keyboard: chords and text by XTest, and keys of viewers that lack a place on it. What is typed
// is never logged.
//
// Several type at once. Each takes turns with the others, for a key, a chord or a piece of a text: nobody's
// modifiers reach another's keys, and all borrow spare keycodes from the one Keymap.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "async/turns.hpp"
#include "desk/input/keymap.hpp"
#include "desk/input/keys.hpp"
#include "desk/input/lender.hpp"
#include "desk/input/reader.hpp"
#include "desk/screen/watch.hpp"
#include "desk/windows/window_actions.hpp"
#include "desk/x11/connection.hpp"

namespace carrel::desk::input {

using async::Task;

/// Whoever sits at a viewer is not kept for longer from using another program than the one that hangs.
constexpr auto viewers_patience = std::chrono::seconds{2};

/// Error{unavailable}: every key has a meaning already.
core::Error no_room();

class Keyboard {
public:
    /// Blocks: runs on the pool. All must outlive it.
    Keyboard(async::Executor executor, x11::Connection& connection, screen::Watching& watching,
             windows::WindowList& windows, windows::WindowActions& window_actions,
             clipboard::Clipboard& clipboard);
    Keyboard(const Keyboard&) = delete;
    Keyboard& operator=(const Keyboard&) = delete;

    /// Modifiers that viewers hold down are up as long as it lives.
    class Lifted {
    public:
        Lifted() = default;
        explicit Lifted(Keyboard& keyboard);
        Lifted(Lifted&& other) noexcept
            : keyboard_{std::exchange(other.keyboard_, nullptr)}, codes_{std::move(other.codes_)} {}
        Lifted& operator=(Lifted&& other) noexcept {
            put_back();
            keyboard_ = std::exchange(other.keyboard_, nullptr);
            codes_ = std::move(other.codes_);
            return *this;
        }
        ~Lifted() { put_back(); }
        void put_back();

    private:
        Keyboard* keyboard_ = nullptr;
        std::vector<Keycode> codes_;
    };

    /// Keys that are down; they go up, last first, when this is destroyed, however that comes about, but for
    /// those that somebody else holds as well. Until then nobody else types.
    class Held {
    public:
        Held() = default;
        Held(Held&& other) noexcept
            : keyboard_{std::exchange(other.keyboard_, nullptr)},
              turn_{std::exchange(other.turn_, std::nullopt)},
              lifted_{std::move(other.lifted_)},
              codes_{std::move(other.codes_)} {}
        Held& operator=(Held&&) = delete;
        ~Held() { release(); }
        void release();
        /// From now on others may type meanwhile, with these keys down.
        void let_others_type();

    private:
        friend class Keyboard;
        Keyboard* keyboard_ = nullptr;
        std::optional<async::Turns::Turn> turn_;
        Lifted lifted_;
        std::vector<Keycode> codes_;
    };

    /// Presses the chord's keys, perhaps none, without those that viewers hold. Throws Error{unavailable}
    /// when the keyboard has no room for one of them.
    Task<Held> hold(Chord chord);
    Task<> press(std::vector<Chord> chords, int times);
    /// Types any text that keysyms_of takes, by the plan of plan_typing. Keys that are stuck are released
    /// first, and Caps Lock is off meanwhile. Throws Error{timeout} when the program that has the keyboard
    /// does not read what it must have read before more can be typed without a mistake.
    Task<> type(std::vector<Keysym> keysyms);

    // keyboard_viewers.cpp: what viewers' keys need; see ViewerKeys.

    /// Nothing when others type for too long.
    Task<std::optional<async::Turns::Turn>> take_viewers_turn();
    /// What viewers' keys are judged by, as it is now.
    struct View {
        const Keymap& keymap;
        bool is_caps_lock_on;
    };
    Task<View> view();
    struct Loan {
        Keycode code = 0;       ///< is kept until let_go
        bool is_typed = false;  ///< the character has been typed in another way
    };
    /// Gives a keysym that the keyboard lacks a place on it, which every program knows of before it reads the
    /// next key of a viewer. Nothing when the keyboard has no room.
    Task<std::optional<Loan>> lend(Keysym keysym);
    void let_go(Keycode code) { keymap_.let_go(code); }
    /// A viewer has released this key, which an agent may hold as well.
    void note_release(Keysym keysym);
    /// Counts who has this key down at viewers; gives how many have now.
    int count_viewers_key(Keysym keysym, int more);

private:
    class Calm;
    struct State;
    enum class By { agent, viewer };

    // keyboard.cpp
    void note(const xcb_generic_event_t& event);
    void find_other_keyboard();
    void announce_map(By next);
    Task<> read_keymap();
    Task<> update_keymap(const xcb_query_pointer_reply_t& state);
    Task<bool> wait_until_read(async::Duration limit);
    Task<> note_unread();
    void note_unread(const Reader& reader);
    Task<> prepare(Batch& batch, By next);
    Keycode code_of(Keysym key) const;
    void send(std::uint8_t event, Keycode code);
    void send_as_viewer(bool is_down, Keycode code);
    void release(Keycode code);
    void press_held_again(Keycode code);
    std::vector<Keycode> viewers_modifiers() const;

    // keyboard_typing.cpp
    Task<State> read_state();
    Task<> type_keys(std::vector<Keysym> keysyms, Reader reader);
    void send_strokes(const Batch& batch);
    Task<bool> paste(std::string text, Reader reader);

    // keyboard_viewers.cpp
    Task<bool> paste_instead(Keysym keysym);

    x11::Connection& connection_;
    screen::Watching& watching_;
    windows::WindowList& windows_;
    windows::WindowActions& window_actions_;
    Readers readers_;
    Lender lender_;
    Keymap keymap_;
    async::Turns turns_;
    bool is_keymap_stale_ = false;
    bool is_plan_open_ = false;           ///< the map that we know has meanings that the display may not have
    std::vector<Reader> unread_;          ///< who may not yet have read strokes of spare keys
    std::array<int, 256> held_{};         ///< how many Held have this keycode
    std::map<Keysym, int> viewers_keys_;  ///< that are down, and at how many viewers
    std::uint8_t release_event_ = 0;      ///< of a device of our choice
    std::uint8_t other_device_ = 0;       ///< a keyboard that is not XTest's; 0: there is none
};

}  // namespace carrel::desk::input
