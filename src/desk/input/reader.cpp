#include "desk/input/reader.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "core/text.hpp"

namespace carrel::desk::input {

namespace {

/// In units of four bytes, as the protocol counts.
constexpr std::uint32_t longest_property = 64;

/// Classes of terminals that do not have "term" in their names.
constexpr std::array<std::string_view, 11> terminals{"alacritty", "foot",       "ghostty", "kitty",
                                                     "konsole",   "rxvt",       "urxvt",   "st",
                                                     "sakura",    "terminator", "tilix"};

unsigned ask(xcb_connection_t* raw, xcb_window_t window, xcb_atom_t property, xcb_atom_t type) {
    return xcb_get_property(raw, 0, window, property, type, 0, longest_property).sequence;
}

std::span<const std::uint32_t> numbers(const xcb_get_property_reply_t* reply) {
    if (!reply || reply->format != 32) return {};
    return {static_cast<const std::uint32_t*>(xcb_get_property_value(reply)),
            static_cast<std::size_t>(xcb_get_property_value_length(reply)) / sizeof(std::uint32_t)};
}

std::string_view text(const xcb_get_property_reply_t* reply) {
    if (!reply || reply->format != 8) return {};
    return {static_cast<const char*>(xcb_get_property_value(reply)),
            static_cast<std::size_t>(xcb_get_property_value_length(reply))};
}

}  // namespace

bool is_terminal_class(std::string_view both) {
    for (const auto part : core::split(both, '\0')) {
        const auto name = core::to_lower(part);
        if (name.contains("term") || std::ranges::find(terminals, name) != terminals.end()) return true;
    }
    return false;
}

Readers::Readers(x11::Connection& connection) : connection_{connection} {
    constexpr std::array<std::string_view, 2> names{"WM_PROTOCOLS", "_NET_WM_PING"};
    const auto atoms = x11::intern_atoms(connection.raw(), names);
    atoms_ = {atoms[0], atoms[1]};
}

/// Null when the window is gone.
Task<x11::Answer<xcb_get_property_reply_t>> Readers::read(unsigned sequence) {
    try {
        co_return co_await connection_.answer<xcb_get_property_reply_t>(sequence, "reading a property");
    } catch (const core::Error& error) {
        if (error.code() != core::Code::internal) throw;
        co_return nullptr;
    }
}

Task<Reader> Readers::describe(xcb_window_t active) {
    auto* raw = connection_.raw();
    if (active == XCB_NONE) co_return Reader{};
    const auto asked_class = ask(raw, active, XCB_ATOM_WM_CLASS, XCB_GET_PROPERTY_TYPE_ANY);
    const auto asked_protocols = ask(raw, active, atoms_.protocols, XCB_ATOM_ATOM);
    const auto name = co_await read(asked_class);
    const auto protocols = co_await read(asked_protocols);
    const auto known = numbers(protocols.get());
    co_return Reader{.window = active,
                     .answers_pings = std::ranges::find(known, atoms_.ping) != known.end(),
                     .is_terminal = is_terminal_class(text(name.get()))};
}

}  // namespace carrel::desk::input
