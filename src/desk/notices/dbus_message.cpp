#include "desk/notices/dbus_message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/bytes.hpp"

namespace carrel::desk::notices::dbus {

namespace {

constexpr std::uint8_t protocol_version = 1;
constexpr std::uint8_t no_reply_expected = 1;
/// Of the specification.
constexpr std::size_t largest_array = std::size_t{64} << 20;
constexpr std::size_t largest_message = std::size_t{128} << 20;
constexpr int deepest = 64;
enum Field : std::uint8_t {
    path = 1,
    interface = 2,
    member = 3,
    error_name = 4,
    reply_serial = 5,
    destination = 6,
    sender = 7,
    signature_of_body = 8,
};

struct TextField {
    Field code;
    std::string Message::* place;
    std::string_view type;
};
constexpr std::array text_fields{
    TextField{path, &Message::path, "o"},
    TextField{interface, &Message::interface, "s"},
    TextField{member, &Message::member, "s"},
    TextField{error_name, &Message::error, "s"},
    TextField{destination, &Message::destination, "s"},
    TextField{sender, &Message::sender, "s"},
    TextField{signature_of_body, &Message::signature, "g"},
};

std::size_t padded(std::size_t length, std::size_t to) { return (length + to - 1) / to * to; }

std::uint32_t number_at(std::string_view bytes, bool is_big_endian) {
    return static_cast<std::uint32_t>(is_big_endian ? core::big_endian(bytes, 0, 4)
                                                    : core::little_endian(bytes, 0, 4));
}

std::size_t alignment_of(char type) {
    switch (type) {
        case 'n':
        case 'q': return 2;
        case 'b':
        case 'i':
        case 'u':
        case 'h':
        case 's':
        case 'o':
        case 'a': return 4;
        case 'x':
        case 't':
        case 'd':
        case '(':
        case '{': return 8;
        default: return 1;
    }
}

constexpr std::string_view plain_types = "ybnqiuxtdhsogv";

std::size_t type_length(std::string_view signature, int depth) {
    if (signature.empty() || depth > deepest) return 0;
    const char type = signature.front();
    if (plain_types.contains(type)) return 1;
    if (type == 'a') {
        const auto inner = type_length(signature.substr(1), depth + 1);
        return inner == 0 ? 0 : inner + 1;
    }
    if (type != '(' && type != '{') return 0;
    const char end = type == '(' ? ')' : '}';
    std::size_t length = 1;
    while (length < signature.size() && signature[length] != end) {
        const auto inner = type_length(signature.substr(length), depth + 1);
        if (inner == 0) return 0;
        length += inner;
    }
    return length > 1 && length < signature.size() ? length + 1 : 0;
}

/// Reads one field's value, if it is of the type that it must be of.
void read_field(Reader& reader, std::uint8_t code, std::string_view type, Message& message) {
    if (code == reply_serial && type == "u") {
        message.reply_to = reader.number();
        return;
    }
    const auto* known = std::ranges::find_if(
        text_fields, [&](const TextField& field) { return field.code == code && field.type == type; });
    if (known == text_fields.end()) return reader.skip(type);
    message.*known->place = type == "g" ? reader.signature() : reader.text();
}

}  // namespace

std::size_t type_length(std::string_view signature) { return type_length(signature, 0); }

// --- reading ----------------------------------------------------------------------------------------

std::string_view Reader::take(std::size_t count) {
    is_good_ = is_good_ && count <= bytes_.size() - place_;
    if (!is_good_) return {};
    place_ += count;
    return bytes_.substr(place_ - count, count);
}

void Reader::align(std::size_t to) { take(padded(place_, to) - place_); }

std::uint8_t Reader::byte() {
    const auto bytes = take(1);
    return bytes.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(bytes.front());
}

std::uint32_t Reader::number() {
    align(4);
    const auto bytes = take(4);
    return bytes.empty() ? 0 : number_at(bytes, is_big_endian_);
}

std::string_view Reader::text() {
    const auto length = number();
    const auto value = take(length);
    is_good_ = is_good_ && byte() == 0;
    return is_good_ ? value : std::string_view{};
}

std::string_view Reader::signature() {
    const auto length = byte();
    const auto value = take(length);
    is_good_ = is_good_ && byte() == 0;
    return is_good_ ? value : std::string_view{};
}

std::size_t Reader::array_end(std::size_t alignment) {
    const auto length = number();
    align(alignment);
    is_good_ = is_good_ && length <= largest_array && length <= bytes_.size() - place_;
    return is_good_ ? place_ + length : place_;
}

void Reader::skip(std::string_view signature) { skip(signature, 0); }

void Reader::skip(std::string_view signature, int depth) {
    is_good_ = is_good_ && depth <= deepest && dbus::type_length(signature) > 0;
    if (!is_good_) return;
    switch (signature.front()) {
        case 's':
        case 'o': text(); return;
        case 'g': this->signature(); return;
        case 'v': {
            const auto inner = this->signature();
            is_good_ = is_good_ && dbus::type_length(inner) == inner.size();
            return skip(inner, depth + 1);
        }
        case 'a':
        case '(':
        case '{': return skip_container(signature, depth);
        default: {
            const auto size = alignment_of(signature.front());  // of numbers the same
            align(size);
            take(size);
        }
    }
}

void Reader::skip_container(std::string_view signature, int depth) {
    if (signature.front() == 'a') {
        const auto end = array_end(alignment_of(signature[1]));
        take(end - place_);
        return;
    }
    align(8);
    auto inner = signature.substr(1, dbus::type_length(signature) - 2);
    while (is_good_ && !inner.empty()) {
        skip(inner, depth + 1);
        inner.remove_prefix(dbus::type_length(inner));
    }
}

core::Expected<Head> parse_head(std::string_view bytes) {
    if (bytes.size() < head_bytes) return core::refuse("a D-Bus message has 16 bytes at least");
    if (bytes[0] != 'l' && bytes[0] != 'B')
        return core::refuse("a D-Bus message begins with its byte order, l or B");
    if (static_cast<std::uint8_t>(bytes[3]) != protocol_version)
        return core::refuse("a D-Bus message must be of protocol version 1");
    const bool is_big_endian = bytes[0] == 'B';
    const Head head{padded(number_at(bytes.substr(12), is_big_endian), 8),
                    number_at(bytes.substr(4), is_big_endian)};
    if (head.fields > largest_array || head.body > largest_message)
        return core::refuse(
            fmt::format("a D-Bus message of {} and {} bytes is too large", head.fields, head.body));
    return head;
}

core::Expected<Message> parse_fields(std::string_view bytes) {
    const auto head = parse_head(bytes);
    if (!head) return std::unexpected{head.error()};
    Message message{.kind = static_cast<Kind>(bytes[1]),
                    .wants_reply = (bytes[2] & no_reply_expected) == 0,
                    .is_big_endian = bytes[0] == 'B'};
    message.serial = number_at(bytes.substr(8), message.is_big_endian);
    Reader reader{bytes, message.is_big_endian};
    reader.skip("(yyyyuu)");
    const auto end = reader.array_end(8);
    while (reader.is_good() && reader.place() < end) {
        reader.align(8);
        const auto code = reader.byte();
        const auto type = reader.signature();
        if (reader.is_good()) read_field(reader, code, type, message);
    }
    if (!reader.is_good()) return core::refuse("the header fields of a D-Bus message are broken");
    return message;
}

// --- writing ----------------------------------------------------------------------------------------

Writer& Writer::align(std::size_t to) {
    bytes.resize(padded(bytes.size(), to), '\0');
    return *this;
}

Writer& Writer::byte(std::uint8_t value) {
    bytes += static_cast<char>(value);
    return *this;
}

Writer& Writer::number(std::uint32_t value) {
    align(4);
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift & 0xff);
    return *this;
}

Writer& Writer::text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    bytes += value;
    bytes += '\0';
    return *this;
}

Writer& Writer::signature(std::string_view value) {
    byte(static_cast<std::uint8_t>(value.size()));
    bytes += value;
    bytes += '\0';
    return *this;
}

Writer& Writer::texts(const std::vector<std::string_view>& values) {
    Writer inner;
    for (const auto value : values) inner.text(value);
    number(static_cast<std::uint32_t>(inner.bytes.size()));
    bytes += inner.bytes;  // strings are aligned as the length before them is
    return *this;
}

std::string to_bytes(const Message& message) {
    Writer fields;
    for (const auto& [code, place, type] : text_fields) {
        const auto& value = message.*place;
        if (value.empty()) continue;
        fields.align(8).byte(code).signature(type);
        if (type == "g")
            fields.signature(value);
        else
            fields.text(value);
    }
    if (message.reply_to) fields.align(8).byte(reply_serial).signature("u").number(*message.reply_to);
    Writer all;
    all.byte('l').byte(static_cast<std::uint8_t>(message.kind));
    all.byte(message.wants_reply ? std::uint8_t{0} : no_reply_expected).byte(protocol_version);
    all.number(static_cast<std::uint32_t>(message.body.size())).number(message.serial);
    all.number(static_cast<std::uint32_t>(fields.bytes.size()));
    all.bytes += fields.bytes;  // 16 bytes before it: aligned as it was
    all.align(8);
    return all.bytes + message.body;
}

}  // namespace carrel::desk::notices::dbus
