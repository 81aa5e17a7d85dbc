#include "rfb/key_event.hpp"

#include "core/bytes.hpp"

namespace carrel::rfb {

namespace {

constexpr char plain_type = 4;
constexpr std::size_t plain_length = 8;
constexpr char extended_type = static_cast<char>(255);
constexpr char extended_key = 0;
constexpr std::size_t extended_length = 12;

std::uint32_t number_at(std::string_view message, std::size_t place) {
    return static_cast<std::uint32_t>(core::big_endian(message, place, 4));
}

void append_number(std::string& message, std::uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) message += static_cast<char>(number >> shift & 0xff);
}

}  // namespace

std::optional<KeyEvent> find_key_event(std::string_view message) {
    if (message.size() == plain_length && message[0] == plain_type)
        return KeyEvent{number_at(message, 4), 0, message[1] != 0};
    if (message.size() == extended_length && message[0] == extended_type && message[1] == extended_key)
        return KeyEvent{number_at(message, 4), number_at(message, 8), core::big_endian(message, 2, 2) != 0};
    return std::nullopt;
}

std::string to_message(const KeyEvent& event) {
    const char down = event.is_down ? 1 : 0;
    std::string message = event.place == 0 ? std::string{plain_type, down, 0, 0}
                                           : std::string{extended_type, extended_key, 0, down};
    append_number(message, event.keysym);
    if (event.place != 0) append_number(message, event.place);
    return message;
}

}  // namespace carrel::rfb
