#include "desk/clipboard/taker.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "desk/x11/pending.hpp"

namespace carrel::desk::clipboard {

namespace {

using namespace std::chrono_literals;
using core::Code;
using core::Error;

/// For the first word of an owner, and for each piece.
constexpr auto patience = 8s;
/// For everything: an owner that gives a byte at a time is not followed for ever.
constexpr auto whole_patience = 30s;
/// For the rest of what is too large.
constexpr auto rest_patience = 5s;
constexpr std::size_t most_targets = 64;
/// Programs write into these windows when they come to it; to some it is fatal when there is none any more.
constexpr std::size_t most_abandoned = 64;

Error does_not_answer() {
    return Error{Code::timeout, "the program that owns the clipboard does not give it",
                 "clipboard_owner_silent"};
}

Error too_large() {
    return Error{Code::exhausted,
                 fmt::format("the clipboard holds more than the {} MiB that are read", largest_copied >> 20),
                 "clipboard_too_large"};
}

std::string bytes_of(const xcb_get_property_reply_t& property) {
    return {static_cast<const char*>(xcb_get_property_value(&property)),
            static_cast<std::size_t>(xcb_get_property_value_length(&property))};
}

}  // namespace

/// What an owner was asked for; if it is not taken to its end, nobody asks in that window's name again. An
/// owner which has begun to give something large piece by piece overhears other wishes of the same window
/// (xclip does), and goes on with what it has begun when the next one's pieces are taken.
class Taker::Taking {
public:
    explicit Taking(Taker& taker) : taker_{taker} {}
    ~Taking() {
        if (!is_done_) taker_.abandon_window();
    }
    Taking(const Taking&) = delete;
    Taking& operator=(const Taking&) = delete;
    void finish() { is_done_ = true; }

private:
    Taker& taker_;
    bool is_done_ = false;
};

Taker::Taker(async::Executor executor, x11::Connection& connection, Selections& selections)
    : connection_{connection},
      selections_{selections},
      atoms_{selections.atoms()},
      window_{selections.make_window()},
      turns_{executor},
      changed_{executor} {
    connection.on_event([this](const auto& event) { note(event); });
}

void Taker::note(const xcb_generic_event_t& event) {
    const auto type = x11::type_of(event);
    if (type == XCB_SELECTION_NOTIFY) note_answer(as<xcb_selection_notify_event_t>(event));
    if (type == XCB_PROPERTY_NOTIFY) note_property(as<xcb_property_notify_event_t>(event));
}

void Taker::note_answer(const xcb_selection_notify_event_t& answer) {
    if (answer.requestor != window_ || answer.target != asked_target_) return;
    if (answer.property != XCB_NONE && answer.property != transfer()) return;
    if (answer.property == XCB_NONE && answer.time != asked_at_) return;
    is_converted_ = true;
    is_refused_ = answer.property == XCB_NONE;
    changed_.notify_all();
}

void Taker::note_property(const xcb_property_notify_event_t& change) {
    if (change.state != XCB_PROPERTY_NEW_VALUE) return;
    if (change.window != window_) return empty_abandoned(change);
    if (change.atom != transfer()) return;
    has_piece_ = true;
    changed_.notify_all();
}

void Taker::abandon_window() {
    auto* raw = connection_.raw();
    xcb_delete_property(raw, window_, transfer());
    abandoned_.push_back({window_});
    if (abandoned_.size() > most_abandoned) {
        xcb_destroy_window(raw, abandoned_.front().window);
        abandoned_.pop_front();
    }
    window_ = selections_.make_window();
}

/// What comes late is given up again: to remove it would ask for the next piece.
void Taker::empty_abandoned(const xcb_property_notify_event_t& change) {
    const auto found = std::ranges::find(abandoned_, change.window, &Abandoned::window);
    if (found == abandoned_.end() || found->is_emptied) return;
    found->is_emptied = true;  // the emptying is an event of the same kind
    xcb_change_property(connection_.raw(), XCB_PROP_MODE_REPLACE, change.window, change.atom, XCB_ATOM_STRING,
                        8, 0, nullptr);
    xcb_flush(connection_.raw());
}

Task<> Taker::wait_until(const bool& flag, Deadline end) {
    end = std::min(end, std::chrono::steady_clock::now() + patience);
    while (!flag) {
        if (!connection_.is_alive()) throw x11::display_is_gone();
        if (!co_await changed_.wait_for(end - std::chrono::steady_clock::now())) throw does_not_answer();
    }
}

Task<xcb_atom_t> Taker::atom_named(std::string_view name) {
    const auto cookie =
        xcb_intern_atom(connection_.raw(), 0, static_cast<std::uint16_t>(name.size()), name.data());
    const auto reply =
        co_await connection_.answer<xcb_intern_atom_reply_t>(cookie.sequence, "naming a target");
    co_return reply->atom;
}

/// Reading removes the property, which is the sign for an owner that sends piece by piece.
Task<x11::Answer<xcb_get_property_reply_t>> Taker::take_property() {
    constexpr auto words = static_cast<std::uint32_t>(largest_copied / 4 + 1);
    return connection_.answer<xcb_get_property_reply_t>(
        xcb_get_property(connection_.raw(), 1, window_, transfer(), XCB_GET_PROPERTY_TYPE_ANY, 0, words)
            .sequence,
        "reading the clipboard");
}

/// Nothing when the owner has no such thing.
Task<std::optional<std::string>> Taker::convert(Selection selection, std::string_view target, Deadline end) {
    asked_target_ = co_await atom_named(target);
    asked_at_ = co_await selections_.server_time();
    asked_ = (asked_ + 1) % atoms_.transfers.size();
    is_converted_ = false;
    has_piece_ = false;
    // What a late owner left there is nobody's any more.
    xcb_delete_property(connection_.raw(), window_, transfer());
    xcb_convert_selection(connection_.raw(), window_, selections_.atom_of(selection), asked_target_,
                          transfer(), asked_at_);
    connection_.flush();
    co_await wait_until(is_converted_, end);
    if (is_refused_) co_return std::nullopt;
    has_piece_ = false;
    const auto property = co_await take_property();
    if (property->type == atoms_.incremental) co_return co_await read_pieces(end);
    if (property->bytes_after > 0) {
        xcb_delete_property(connection_.raw(), window_, transfer());
        throw too_large();
    }
    co_return bytes_of(*property);
}

Task<std::string> Taker::read_pieces(Deadline end) {
    std::string bytes;
    while (true) {
        co_await wait_until(has_piece_, end);
        has_piece_ = false;
        const auto piece = co_await take_property();
        if (xcb_get_property_value_length(piece.get()) == 0) co_return bytes;
        bytes += bytes_of(*piece);
        if (bytes.size() <= largest_copied) continue;
        bytes = {};
        co_await pass_pieces_over(std::min(end, std::chrono::steady_clock::now() + rest_patience));
        throw too_large();
    }
}

/// Lets the owner come to its end, for which some wait before they do anything else.
Task<> Taker::pass_pieces_over(Deadline end) {
    try {
        co_await drop_pieces(end);
    } catch (const Error& error) {
        if (error.code() != Code::timeout) throw;
    }
}

Task<> Taker::drop_pieces(Deadline end) {
    auto* raw = connection_.raw();
    for (bool is_last = false; !is_last;) {
        co_await wait_until(has_piece_, end);
        has_piece_ = false;
        const auto cookie = xcb_get_property(raw, 0, window_, transfer(), XCB_GET_PROPERTY_TYPE_ANY, 0, 0);
        const auto piece =
            co_await connection_.answer<xcb_get_property_reply_t>(cookie.sequence, "reading the clipboard");
        is_last = piece->bytes_after == 0;
        xcb_delete_property(raw, window_, transfer());
        connection_.flush();
    }
}

/// Names of what the owner offers; one that cannot tell is taken to have text.
Task<std::vector<std::string>> Taker::ask_targets(Selection selection, Deadline end) {
    const auto bytes = co_await convert(selection, "TARGETS", end);
    if (!bytes) co_return std::vector<std::string>{"UTF8_STRING", "STRING"};
    std::vector<x11::Pending<xcb_get_atom_name_reply_t>> asked;
    for (std::size_t i = 0; i + 4 <= bytes->size() && asked.size() < most_targets; i += 4) {
        xcb_atom_t atom = XCB_NONE;
        std::copy_n(bytes->data() + i, sizeof atom, reinterpret_cast<char*>(&atom));
        asked.emplace_back(connection_, xcb_get_atom_name(connection_.raw(), atom).sequence);
    }
    std::vector<std::string> names;
    for (auto& each : asked)
        if (const auto name = co_await each.take("naming a target"))
            names.push_back(
                core::repair_utf8({xcb_get_atom_name_name(name.get()),
                                   static_cast<std::size_t>(xcb_get_atom_name_name_length(name.get()))}));
    co_return names;
}

Task<Found> Taker::take(Selection selection, Wanted wanted) {
    const auto turn = co_await turns_.take();
    Found found;
    if (co_await selections_.find_owner(selection) == XCB_NONE) co_return found;
    Taking taking{*this};
    const auto end = std::chrono::steady_clock::now() + whole_patience;
    const auto offered = co_await ask_targets(selection, end);
    found.types = media_types(offered);
    if (const auto target = text_target(offered); target && wanted.text) {
        const auto bytes = co_await convert(selection, *target, end);
        if (bytes) found.content.text = text_from(*target, *bytes);
    }
    if (wanted.image && std::ranges::find(offered, "image/png") != offered.end())
        found.content.image = co_await convert(selection, "image/png", end);
    taking.finish();
    co_return found;
}

}  // namespace carrel::desk::clipboard
