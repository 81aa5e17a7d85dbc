// The keys of one viewer, on their way to the X server.
//
// The X server's RFB side looks for a key that has the keysym, wherever the viewer says that the key lies
// (Xvnc without RawKeyboard). When there is none it gives a keycode that meaning by itself, in a way of which
// browsers do not hear. So it must always find one: what the keyboard lacks is lent a keycode before.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "desk/input/keyboard.hpp"
#include "rfb/key_event.hpp"

namespace carrel::desk::input {

/// Whether the X server would find no key for it. Pure.
bool is_lacking(Keysym keysym, const Keymap& keymap);

class ViewerKeys {
public:
    /// Gives bytes of RFB to the X server and returns when it has acted on them.
    using PassOn = std::function<Task<>(std::string)>;

    /// `keyboard` must outlive it.
    ViewerKeys(Keyboard& keyboard, PassOn pass_on) : keyboard_{keyboard}, pass_on_{std::move(pass_on)} {}
    ViewerKeys(const ViewerKeys&) = delete;
    ViewerKeys& operator=(const ViewerKeys&) = delete;
    ~ViewerKeys();

    /// Returns when this key event (`message` says it in RFB) has come to the desk's programs. Throws what
    /// passing it on does.
    Task<> act(std::string message, rfb::KeyEvent event);
    /// Releases what the viewer has down, but for what others have down as well: the X server would release
    /// that, too.
    Task<> leave();

private:
    struct Key {
        rfb::KeyEvent event;
        std::optional<Keycode> lent;
    };
    using Keys = std::map<std::pair<std::uint32_t, Keysym>, Key>;  // by place, or without one by keysym
    Task<std::string> press(std::string message, rfb::KeyEvent event, bool has_turn);
    std::string release(std::string message, rfb::KeyEvent event);
    int forget(Keys::iterator place);
    bool is_shift_down() const;

    Keyboard& keyboard_;
    PassOn pass_on_;
    Keys down_;
    Keys kept_;  ///< released here, but not by the X server, because another viewer has them down
};

}  // namespace carrel::desk::input
