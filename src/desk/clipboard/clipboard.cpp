#include "desk/clipboard/clipboard.hpp"

#include <algorithm>
#include <string_view>

namespace carrel::desk::clipboard {

namespace {

constexpr std::uint8_t type_mask = 0x7f;
constexpr int most_attempts = 5;

template <class Event>
const Event& as(const xcb_generic_event_t& event) {
    return reinterpret_cast<const Event&>(event);
}

}  // namespace

Clipboard::Clipboard(async::Executor executor, x11::Connection& connection)
    : connection_{connection}, turns_{executor}, changed_{executor} {
    auto* raw = connection.raw();
    constexpr std::array<std::string_view, 14> names{"CLIPBOARD",
                                                     "UTF8_STRING",
                                                     "TARGETS",
                                                     "TIMESTAMP",
                                                     "INCR",
                                                     "TEXT",
                                                     "text/plain;charset=utf-8",
                                                     "text/plain",
                                                     "image/png",
                                                     "CARREL_STAMP",
                                                     "CARREL_TRANSFER_0",
                                                     "CARREL_TRANSFER_1",
                                                     "CARREL_TRANSFER_2",
                                                     "CARREL_TRANSFER_3"};
    const auto atoms = x11::intern_atoms(raw, names);
    atoms_ = {atoms[0], atoms[1], atoms[2], atoms[3], atoms[4],
              atoms[5], atoms[6], atoms[7], atoms[8], atoms[9]};
    std::copy(atoms.begin() + 10, atoms.end(), transfers_.begin());
    window_ = make_window();
    taker_ = make_window();
    connection.on_event([this](const auto& event) { note(event); });
}

xcb_window_t Clipboard::make_window() const {
    auto* raw = connection_.raw();
    const auto window = xcb_generate_id(raw);
    const std::uint32_t events = XCB_EVENT_MASK_PROPERTY_CHANGE;
    xcb_create_window(raw, XCB_COPY_FROM_PARENT, window, connection_.root(), -1, -1, 1, 1, 0,
                      XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK, &events);
    return window;
}

xcb_atom_t Clipboard::atom_of(Selection selection) const {
    return selection == Selection::clipboard ? atoms_.clipboard : xcb_atom_t{XCB_ATOM_PRIMARY};
}

void Clipboard::note(const xcb_generic_event_t& event) {
    switch (event.response_type & type_mask) {
        case XCB_SELECTION_REQUEST: {
            const auto& request = as<xcb_selection_request_event_t>(event);
            if (request.owner == window_) give(request);
            return;
        }
        case XCB_SELECTION_CLEAR: {
            const auto& loss = as<xcb_selection_clear_event_t>(event);
            for (const auto selection : {Selection::clipboard, Selection::primary})
                if (loss.owner == window_ && loss.selection == atom_of(selection)) own_of(selection).reset();
            return;
        }
        case XCB_SELECTION_NOTIFY: {
            const auto& answer = as<xcb_selection_notify_event_t>(event);
            if (answer.requestor != taker_ || answer.target != asked_target_) return;
            if (answer.property != XCB_NONE && answer.property != transfers_[asked_]) return;
            if (answer.property == XCB_NONE && answer.time != asked_at_) return;
            is_converted_ = true;
            is_refused_ = answer.property == XCB_NONE;
            changed_.notify_all();
            return;
        }
        case XCB_PROPERTY_NOTIFY: note_property(as<xcb_property_notify_event_t>(event)); return;
        case XCB_DESTROY_NOTIFY: {
            const auto window = as<xcb_destroy_notify_event_t>(event).window;
            std::erase_if(deliveries_, [&](const Delivery& delivery) { return delivery.to == window; });
            return;
        }
        default: return;
    }
}

void Clipboard::note_property(const xcb_property_notify_event_t& change) {
    if (change.window != window_ && change.window != taker_) {
        if (change.state == XCB_PROPERTY_DELETE)
            continue_delivery(change.window, change.atom);
        else
            empty_abandoned(change);
        return;
    }
    if (change.state != XCB_PROPERTY_NEW_VALUE) return;
    now_ = change.time;
    if (change.window != taker_ || change.atom != transfers_[asked_]) return;
    has_piece_ = true;
    changed_.notify_all();
}

/// The X server's clock: an empty addition to a property of ours is an event that tells it.
Task<xcb_timestamp_t> Clipboard::server_time() {
    xcb_change_property(connection_.raw(), XCB_PROP_MODE_APPEND, window_, atoms_.stamp, XCB_ATOM_STRING, 8, 0,
                        nullptr);
    co_await connection_.sync();
    co_return now_;
}

Task<xcb_window_t> Clipboard::find_owner(Selection selection) {
    const auto reply = co_await connection_.answer<xcb_get_selection_owner_reply_t>(
        xcb_get_selection_owner(connection_.raw(), atom_of(selection)).sequence,
        "asking who has the clipboard");
    co_return reply->owner;
}

Task<> Clipboard::put(Selection selection, Copied content) {
    Own own;
    if (content.text) {
        own.latin1 = std::make_shared<const std::string>(to_latin1(*content.text));
        own.text = std::make_shared<const std::string>(std::move(*content.text));
    }
    if (content.image) own.image = std::make_shared<const std::string>(std::move(*content.image));
    own_of(selection) = std::move(own);
    // Somebody else may take it between the time that we read and our own taking: then that counts as
    // earlier.
    for (int i = 0; i < most_attempts; ++i) {
        const auto since = co_await server_time();
        if (!own_of(selection)) break;
        own_of(selection)->since = since;
        xcb_set_selection_owner(connection_.raw(), window_, atom_of(selection), since);
        if (co_await find_owner(selection) == window_) co_return;
    }
    own_of(selection).reset();
    throw core::Error{core::Code::conflict, "another program took the clipboard at the same moment",
                      "clipboard_taken"};
}

Task<Clipboard::Found> Clipboard::look(Selection selection, Wanted wanted) {
    if (const auto& own = own_of(selection)) {
        Found found;
        if (own->text) found.types.emplace_back("text/plain");
        if (own->image) found.types.emplace_back("image/png");
        if (own->text && wanted.text) found.content.text = *own->text;
        if (own->image && wanted.image) found.content.image = *own->image;
        co_return found;
    }
    const auto turn = co_await turns_.take();
    co_return co_await ask_owner(selection, wanted);
}

Task<std::string> Clipboard::read() {
    auto found = co_await look(Selection::clipboard, {.text = true, .image = false});
    co_return std::move(found.content.text).value_or(std::string{});
}

Task<> Clipboard::write(std::string text) {
    co_await put(Selection::clipboard, {.text = std::move(text), .image = std::nullopt});
}

Task<> Clipboard::take_over() {
    auto found = co_await look(Selection::clipboard, {.text = true, .image = true});
    if (!found.content.image && !found.content.text) found.content.text.emplace();
    co_await put(Selection::clipboard, std::move(found.content));
}

}  // namespace carrel::desk::clipboard
