// Key events of viewers: RFC 6143 §7.5.4, and QEMU's extended ones (https://github.com/rfbproto/rfbproto).
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace carrel::rfb {

struct KeyEvent {
    std::uint32_t keysym =
        0;  ///< what the key means to the person, as X11 numbers it; 0: only the place is told
    std::uint32_t place = 0;  ///< where the key lies, as a PC's keyboard numbers it (XT); 0: not told
    bool is_down = false;
    bool operator==(const KeyEvent&) const = default;
};

/// What this whole message of a viewer says; nothing when it is no key event.
std::optional<KeyEvent> find_key_event(std::string_view message);

/// The message that says so: with a place the extended one.
std::string to_message(const KeyEvent& event);

}  // namespace carrel::rfb
