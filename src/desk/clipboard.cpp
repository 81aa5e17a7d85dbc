#include "desk/clipboard.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/text.hpp"

namespace carrel::desk {

namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t type_mask = 0x7f;
constexpr std::size_t largest_text = std::size_t{4} << 20;
constexpr auto patience = 3s;

template <class Event>
const Event& as(const xcb_generic_event_t& event) {
    return reinterpret_cast<const Event&>(event);
}

}  // namespace

Clipboard::Clipboard(async::Executor executor, Connection& connection)
    : connection_{connection}, turns_{executor}, changed_{executor} {
    auto* raw = connection.raw();
    constexpr std::array<std::string_view, 7> names{
        "CLIPBOARD", "UTF8_STRING", "TARGETS", "INCR", "TEXT", "text/plain;charset=utf-8", "CARREL_TRANSFER"};
    const auto atoms = intern_atoms(raw, names);
    atoms_ = {atoms[0], atoms[1], atoms[2], atoms[3], atoms[4], atoms[5], atoms[6]};
    window_ = xcb_generate_id(raw);
    const std::uint32_t events = XCB_EVENT_MASK_PROPERTY_CHANGE;
    xcb_create_window(raw, XCB_COPY_FROM_PARENT, window_, connection.root(), -1, -1, 1, 1, 0,
                      XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK, &events);
    connection.on_event([this](const auto& event) { note(event); });
}

void Clipboard::note(const xcb_generic_event_t& event) {
    switch (event.response_type & type_mask) {
        case XCB_SELECTION_REQUEST:
            if (as<xcb_selection_request_event_t>(event).owner == window_)
                give(as<xcb_selection_request_event_t>(event));
            return;
        case XCB_SELECTION_CLEAR:
            if (as<xcb_selection_clear_event_t>(event).owner == window_) own_.reset();
            return;
        case XCB_SELECTION_NOTIFY: {
            const auto& answer = as<xcb_selection_notify_event_t>(event);
            if (answer.requestor != window_) return;
            is_converted_ = true;
            is_refused_ = answer.property == XCB_NONE;
            break;
        }
        case XCB_PROPERTY_NOTIFY: {
            const auto& change = as<xcb_property_notify_event_t>(event);
            if (change.window != window_ || change.state != XCB_PROPERTY_NEW_VALUE) return;
            has_piece_ = true;
            break;
        }
        default: return;
    }
    changed_.notify_all();
}

/// Answers a program that pastes.
void Clipboard::give(const xcb_selection_request_event_t& request) {
    auto* raw = connection_.raw();
    xcb_selection_notify_event_t answer{};
    answer.response_type = XCB_SELECTION_NOTIFY;
    answer.time = request.time;
    answer.requestor = request.requestor;
    answer.selection = request.selection;
    answer.target = request.target;
    // Old programs name no property: the target stands for it.
    answer.property = request.property != XCB_NONE ? request.property : request.target;
    const std::array<xcb_atom_t, 5> targets{atoms_.targets, atoms_.utf8, atoms_.plain, atoms_.text,
                                            XCB_ATOM_STRING};
    const bool is_text =
        std::ranges::find(targets.begin() + 1, targets.end(), request.target) != targets.end();
    if (own_ && request.target == atoms_.targets)
        xcb_change_property(raw, XCB_PROP_MODE_REPLACE, request.requestor, answer.property, XCB_ATOM_ATOM, 32,
                            targets.size(), targets.data());
    else if (own_ && is_text)
        xcb_change_property(raw, XCB_PROP_MODE_REPLACE, request.requestor, answer.property,
                            request.target == atoms_.text ? atoms_.utf8 : request.target, 8,
                            static_cast<std::uint32_t>(own_->size()), own_->data());
    else
        answer.property = XCB_NONE;
    xcb_send_event(raw, 0, request.requestor, 0, reinterpret_cast<const char*>(&answer));
    xcb_flush(raw);
}

Task<> Clipboard::write(std::string text) {
    own_ = std::move(text);
    xcb_set_selection_owner(connection_.raw(), window_, atoms_.clipboard, XCB_CURRENT_TIME);
    co_await connection_.sync();
}

Task<std::string> Clipboard::read() {
    if (own_) co_return *own_;
    const auto turn = co_await turns_.take();
    const auto owner = co_await connection_.answer<xcb_get_selection_owner_reply_t>(
        xcb_get_selection_owner(connection_.raw(), atoms_.clipboard).sequence,
        "asking who has the clipboard");
    if (owner->owner == XCB_NONE) co_return std::string{};
    co_return core::repair_utf8(co_await convert());
}

Task<> Clipboard::wait_until(const bool& flag) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!flag) {
        if (!connection_.is_alive()) throw display_is_gone();
        if (!co_await changed_.wait_for(end - std::chrono::steady_clock::now()))
            throw core::Error{core::Code::timeout, "the program that owns the clipboard does not answer"};
    }
}

Task<Answer<xcb_get_property_reply_t>> Clipboard::take_property() {
    return connection_.answer<xcb_get_property_reply_t>(
        xcb_get_property(connection_.raw(), 1, window_, atoms_.transfer, XCB_GET_PROPERTY_TYPE_ANY, 0,
                         largest_text / 4)
            .sequence,
        "reading the clipboard");
}

Task<std::string> Clipboard::convert() {
    is_converted_ = false;
    xcb_convert_selection(connection_.raw(), window_, atoms_.clipboard, atoms_.utf8, atoms_.transfer,
                          XCB_CURRENT_TIME);
    connection_.flush();
    co_await wait_until(is_converted_);
    if (is_refused_) co_return std::string{};
    // Reading removes the property, which is the sign for an owner that sends piece by piece.
    has_piece_ = false;
    const auto property = co_await take_property();
    if (property->type == atoms_.incremental) co_return co_await read_pieces();
    if (property->format != 8) co_return std::string{};
    co_return std::string{static_cast<const char*>(xcb_get_property_value(property.get())),
                          static_cast<std::size_t>(xcb_get_property_value_length(property.get()))};
}

Task<std::string> Clipboard::read_pieces() {
    std::string text;
    while (text.size() < largest_text) {
        co_await wait_until(has_piece_);
        has_piece_ = false;
        const auto piece = co_await take_property();
        const auto length = static_cast<std::size_t>(xcb_get_property_value_length(piece.get()));
        if (length == 0) break;
        text.append(static_cast<const char*>(xcb_get_property_value(piece.get())), length);
    }
    co_return std::string{core::utf8_prefix(text, largest_text)};
}

}  // namespace carrel::desk
