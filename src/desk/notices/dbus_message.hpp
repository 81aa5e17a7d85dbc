// Messages of D-Bus as bytes and back: as much of its wire format as a service of a few methods needs
// (https://dbus.freedesktop.org/doc/dbus-specification.html, "Message Protocol"). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace carrel::desk::notices::dbus {

enum class Kind : std::uint8_t { call = 1, reply = 2, error = 3, signal = 4 };

/// Member texts are what the sender wrote; a bus has checked them, but nothing here depends on that.
struct Message {
    Kind kind = Kind::call;
    bool wants_reply = true;
    bool is_big_endian = false;
    std::uint32_t serial = 0;
    std::optional<std::uint32_t> reply_to;
    std::string path, interface, member, sender, destination, error, signature;
    std::string body;
};

/// The fixed part at the beginning of every message.
inline constexpr std::size_t head_bytes = 16;
/// What the head says of the rest.
struct Head {
    std::size_t fields = 0;  ///< bytes of header fields, padding included
    std::size_t body = 0;    ///< bytes
};
/// Refuses what is no D-Bus, and more than the specification allows.
core::Expected<Head> parse_head(std::string_view bytes);
/// A message from its head and header fields, without its body.
core::Expected<Message> parse_fields(std::string_view bytes);

/// The bytes of a message of ours: little-endian.
std::string to_bytes(const Message& message);

/// Length of the first complete type of a signature; 0 when it does not begin with one.
std::size_t type_length(std::string_view signature);

/// Takes values from a body, one after the other. After what does not fit, is_good() is false and all
/// further values are empty.
class Reader {
public:
    Reader(std::string_view bytes, bool is_big_endian) : bytes_{bytes}, is_big_endian_{is_big_endian} {}

    std::uint8_t byte();
    std::uint32_t number();   ///< also int32 and boolean, by their bits
    std::string_view text();  ///< string or object path
    std::string_view signature();
    void align(std::size_t to);
    /// Passes over one value of the first type of `signature`.
    void skip(std::string_view signature);
    /// Where an array's elements end, whose type is aligned to `alignment`: read on while place() is before.
    std::size_t array_end(std::size_t alignment);

    std::size_t place() const { return place_; }
    bool is_good() const { return is_good_; }

private:
    std::string_view take(std::size_t count);
    void skip(std::string_view signature, int depth);
    void skip_container(std::string_view signature, int depth);

    std::string_view bytes_;
    std::size_t place_ = 0;
    bool is_big_endian_;
    bool is_good_ = true;
};

/// Puts values into a body.
class Writer {
public:
    Writer& byte(std::uint8_t value);
    Writer& number(std::uint32_t value);
    Writer& text(std::string_view value);
    Writer& signature(std::string_view value);
    Writer& texts(const std::vector<std::string_view>& values);  ///< an array of strings
    Writer& align(std::size_t to);
    std::string bytes;
};

}  // namespace carrel::desk::notices::dbus
