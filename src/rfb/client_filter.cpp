#include "rfb/client_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "core/bytes.hpp"
#include "core/text.hpp"

namespace carrel::rfb {

namespace {

constexpr std::size_t most_encodings = 256;
constexpr std::size_t most_clipboard_bytes = std::size_t{1} << 20;
constexpr std::size_t most_fence_bytes = 64;
constexpr std::size_t most_screens = 16;

/// After a server has agreed to this pseudo-encoding, pointer events may be a byte longer, which only the
/// server's side of the stream tells. So it is never asked for.
constexpr std::uint32_t extended_mouse_buttons = static_cast<std::uint32_t>(-316);

/// A server that has agreed to this one sends texts unasked, in the extended format, to who has not said
/// otherwise, which a viewer that only looks cannot. noVNC 1.7 loses its place in the stream then.
constexpr std::uint32_t extended_clipboard = 0xc0a1e5ce;

/// Message types of RFC 6143 §7.5 and of https://github.com/rfbproto/rfbproto.
enum Type : unsigned char {
    set_pixel_format = 0,
    set_encodings = 2,
    framebuffer_update_request = 3,
    key_event = 4,
    pointer_event = 5,
    client_cut_text = 6,
    enable_continuous_updates = 150,
    client_fence = 248,
    set_desktop_size = 251,
    qemu = 255,
};

/// What a message of variable length counts in its head.
struct Count {
    std::size_t place;  ///< of the number
    std::size_t width;  ///< of the number, in bytes
    std::size_t unit;   ///< bytes that each counted thing takes
    std::size_t most;
    std::string_view what;
};

struct Layout {
    unsigned char type;
    std::size_t length;  ///< of the fixed part
    bool acts;           ///< changes the desktop, and not only what this viewer sees of it
    Count count{};       ///< width 0: there is no variable part
};

constexpr std::array layouts{
    Layout{set_pixel_format, 20, false},
    Layout{set_encodings, 4, false, {2, 2, 4, most_encodings, "encodings"}},
    Layout{framebuffer_update_request, 10, false},
    Layout{key_event, 8, true},
    Layout{pointer_event, 6, true},
    Layout{client_cut_text, 8, true, {4, 4, 1, most_clipboard_bytes, "bytes of clipboard"}},
    Layout{enable_continuous_updates, 10, false},
    Layout{client_fence, 9, false, {8, 1, 1, most_fence_bytes, "bytes of fence"}},
    Layout{set_desktop_size, 8, true, {6, 1, 16, most_screens, "screens"}},
    Layout{qemu, 12, true},
};

const Layout* find_layout(char type) {
    const auto place = std::ranges::find(layouts, static_cast<unsigned char>(type), &Layout::type);
    return place == layouts.end() ? nullptr : &*place;
}

/// How long the message at the beginning of `bytes` is, as far as they tell: when that is more than
/// there is, ask again with so many.
core::Expected<std::size_t> message_length(std::string_view bytes) {
    const auto* layout = find_layout(bytes.front());
    if (!layout)
        return core::refuse(fmt::format("the viewer sent an RFB message of unknown type {}",
                                        static_cast<unsigned char>(bytes.front())));
    if (bytes.size() < layout->length) return layout->length;
    if (layout->type == qemu && bytes[1] != 0)
        return core::refuse("the viewer sent a QEMU message that is no key event");
    const auto& count = layout->count;
    if (count.width == 0) return layout->length;
    auto number = static_cast<std::uint32_t>(core::big_endian(bytes, count.place, count.width));
    // A negative length of clipboard text says that it is the extended format.
    if (layout->type == client_cut_text && number > 0x7fffffffu) number = ~number + 1;
    if (number > count.most)
        return core::refuse(fmt::format("the viewer sent {} {} in one RFB message: at most {} are accepted",
                                        number, count.what, count.most));
    return layout->length + number * count.unit;
}

constexpr std::string_view version_3_3 = "RFB 003.003\n";
constexpr std::string_view version_3_7 = "RFB 003.007\n";
constexpr std::string_view version_3_8 = "RFB 003.008\n";

/// The version of RFC 6143 §7.1.1 that a viewer means: old ones that never were published, such as 3.5, know
/// the handshake of 3.3, and newer ones, as Apple's 3.889, that of 3.8. TigerVNC takes them for the same.
core::Expected<std::string_view> known_version(std::string_view version) {
    const auto minor = version.starts_with("RFB 003.") && version.ends_with('\n')
                           ? core::parse_unsigned(version.substr(8, 3))
                           : std::nullopt;
    if (!minor) return core::refuse("the viewer must speak RFB 3, as \"RFB 003.008\" says");
    if (*minor >= 8) return version_3_8;
    return *minor == 7 ? version_3_7 : version_3_3;
}

/// Whether an extended clipboard message is as long as what it says that it is: Xvnc reads no further than
/// that, and takes what follows for the next message.
/// https://github.com/rfbproto/rfbproto/blob/master/rfbproto.rst#extended-clipboard-pseudo-encoding
bool is_whole_clipboard(std::string_view message) {
    if (core::big_endian(message, 4, 4) <= 0x7fffffffu) return true;  // plain text
    if (message.size() < 12) return false;
    const auto flags = static_cast<std::uint32_t>(core::big_endian(message, 8, 4));
    constexpr std::uint32_t capabilities = 1u << 24, request = 1u << 25, peek = 1u << 26, notify = 1u << 27;
    constexpr std::uint32_t provide = 1u << 28;
    const auto actions = flags & 0xff000000u;
    if (actions & capabilities)
        return message.size() == 12 + 4 * static_cast<std::size_t>(std::popcount(flags & 0xffffu));
    if (actions == request || actions == peek || actions == notify) return message.size() == 12;
    return actions == provide;
}

/// SetEncodings without what must not be asked for.
std::string fitting_encodings(std::string_view message, bool view_only) {
    std::string passed{message.substr(0, 4)};
    for (std::size_t place = 4; place < message.size(); place += 4) {
        const auto encoding = core::big_endian(message, place, 4);
        if (encoding == extended_mouse_buttons || (view_only && encoding == extended_clipboard)) continue;
        passed += message.substr(place, 4);
    }
    const auto count = (passed.size() - 4) / 4;
    passed[2] = static_cast<char>(count >> 8);
    passed[3] = static_cast<char>(count & 0xff);
    return passed;
}

}  // namespace

core::Expected<std::string> ClientFilter::feed(std::string_view bytes) {
    std::string passed;
    passed.reserve(bytes.size());
    while (true) {
        const auto message = next(bytes);
        if (!message) return std::unexpected{message.error()};
        if (!*message) return passed;
        passed += **message;
    }
}

core::Expected<std::optional<std::string>> ClientFilter::next(std::string_view& bytes) {
    while (!bytes.empty() || !pending_.empty()) {
        // The first byte tells how many more are needed, and those tell the whole length.
        if (pending_.empty()) {
            pending_ += bytes.front();
            bytes.remove_prefix(1);
        }
        const auto length = next_length();
        if (!length) return std::unexpected{length.error()};
        if (pending_.size() < *length) {
            if (bytes.empty()) break;
            const auto more = bytes.substr(0, *length - pending_.size());
            pending_ += more;
            bytes.remove_prefix(more.size());
            continue;
        }
        std::string passed;
        if (auto finished = finish(passed); !finished) return std::unexpected{std::move(finished.error())};
        pending_.clear();
        return passed;
    }
    return std::nullopt;
}

core::Expected<std::size_t> ClientFilter::next_length() const {
    switch (phase_) {
        case Phase::version: return 12;
        case Phase::security:
        case Phase::init: return 1;
        case Phase::messages: break;
    }
    return message_length(pending_);
}

core::Expected<void> ClientFilter::finish(std::string& passed) {
    switch (phase_) {
        case Phase::version: {
            const auto version = known_version(pending_);
            if (!version) return std::unexpected{version.error()};
            // In 3.3 the server says what the security type is, and the viewer has no choice.
            phase_ = *version == version_3_3 ? Phase::init : Phase::security;
            passed += *version;
            return {};
        }
        case Phase::security:
            phase_ = Phase::init;
            passed += pending_;
            if (pending_[0] != 1) return core::refuse("the viewer must choose RFB security type None (1)");
            return {};
        case Phase::init:
            // Always shared: a viewer that asks to be alone would end the others.
            phase_ = Phase::messages;
            passed += '\1';
            return {};
        case Phase::messages: break;
    }
    if (pending_[0] == set_encodings)
        passed += fitting_encodings(pending_, view_only_);
    else if (!view_only_ || !find_layout(pending_[0])->acts) {
        if (pending_[0] == client_cut_text && !is_whole_clipboard(pending_))
            return core::refuse(
                "the viewer sent an extended clipboard message that ends elsewhere than it says");
        passed += pending_;
    }
    return {};
}

}  // namespace carrel::rfb
