#include "desk/clipboard/giver.hpp"

#include <algorithm>
#include <vector>

#include "desk/clipboard/selection_answer.hpp"

namespace carrel::desk::clipboard {

namespace {

/// What goes at once, and in one piece of what does not. The X server takes far more in one request, but it
/// would serve nobody else meanwhile.
constexpr std::size_t piece_bytes = 256 * 1024;
/// Of things on their way at the same time: whoever began first and does not go on is dropped.
constexpr std::size_t most_deliveries = 16;
constexpr int most_attempts = 5;

}  // namespace

Giver::Giver(x11::Connection& connection, Selections& selections)
    : connection_{connection}, selections_{selections}, atoms_{selections.atoms()} {
    connection.on_event([this](const auto& event) { note(event); });
}

void Giver::note(const xcb_generic_event_t& event) {
    switch (x11::type_of(event)) {
        case XCB_SELECTION_REQUEST: {
            const auto& request = as<xcb_selection_request_event_t>(event);
            if (request.owner == selections_.window()) give(request);
            return;
        }
        case XCB_SELECTION_CLEAR: {
            const auto& loss = as<xcb_selection_clear_event_t>(event);
            for (const auto selection : {Selection::clipboard, Selection::primary})
                if (loss.owner == selections_.window() && loss.selection == selections_.atom_of(selection))
                    own_of(selection).reset();
            return;
        }
        case XCB_PROPERTY_NOTIFY: {
            const auto& change = as<xcb_property_notify_event_t>(event);
            if (change.state == XCB_PROPERTY_DELETE) continue_delivery(change.window, change.atom);
            return;
        }
        case XCB_DESTROY_NOTIFY: {
            const auto window = as<xcb_destroy_notify_event_t>(event).window;
            std::erase_if(deliveries_, [&](const Delivery& delivery) { return delivery.to == window; });
            return;
        }
        default: return;
    }
}

Task<> Giver::put(Selection selection, Copied content) {
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
        const auto since = co_await selections_.server_time();
        if (!own_of(selection)) break;
        own_of(selection)->since = since;
        xcb_set_selection_owner(connection_.raw(), selections_.window(), selections_.atom_of(selection),
                                since);
        if (co_await selections_.find_owner(selection) == selections_.window()) co_return;
    }
    own_of(selection).reset();
    throw core::Error{core::Code::conflict, "another program took the clipboard at the same moment",
                      "clipboard_taken"};
}

std::optional<Found> Giver::find_own(Selection selection, Wanted wanted) const {
    const auto& own = own_[static_cast<std::size_t>(selection)];
    if (!own) return std::nullopt;
    Found found;
    if (own->text) found.types.emplace_back("text/plain");
    if (own->image) found.types.emplace_back("image/png");
    if (own->text && wanted.text) found.content.text = *own->text;
    if (own->image && wanted.image) found.content.image = *own->image;
    return found;
}

void Giver::give(const xcb_selection_request_event_t& request) {
    answer_request(connection_.raw(), request,
                   [&](xcb_atom_t property) { return give_to(request, property); });
}

void Giver::give_targets(const Own& own, xcb_window_t to, xcb_atom_t property) const {
    std::vector<xcb_atom_t> targets{atoms_.targets, atoms_.timestamp};
    if (own.text)
        targets.insert(targets.end(),
                       {atoms_.utf8, atoms_.plain_utf8, atoms_.plain, atoms_.text, XCB_ATOM_STRING});
    if (own.image) targets.push_back(atoms_.png);
    xcb_change_property(connection_.raw(), XCB_PROP_MODE_REPLACE, to, property, XCB_ATOM_ATOM, 32,
                        static_cast<std::uint32_t>(targets.size()), targets.data());
}

/// False when that is not to be had.
bool Giver::give_to(const xcb_selection_request_event_t& request, xcb_atom_t property) {
    const auto& own =
        own_of(request.selection == atoms_.clipboard ? Selection::clipboard : Selection::primary);
    if (!own) return false;
    const auto target = request.target;
    if (target == atoms_.targets) {
        give_targets(*own, request.requestor, property);
        return true;
    }
    if (target == atoms_.timestamp) {
        xcb_change_property(connection_.raw(), XCB_PROP_MODE_REPLACE, request.requestor, property,
                            XCB_ATOM_INTEGER, 32, 1, &own->since);
        return true;
    }
    if (target == atoms_.png) return deliver(request, property, target, own->image);
    if (target == XCB_ATOM_STRING) return deliver(request, property, target, own->latin1);
    if (target == atoms_.text) return deliver(request, property, atoms_.utf8, own->text);
    if (target == atoms_.utf8 || target == atoms_.plain || target == atoms_.plain_utf8)
        return deliver(request, property, target, own->text);
    return false;
}

bool Giver::deliver(const xcb_selection_request_event_t& request, xcb_atom_t property, xcb_atom_t type,
                    const std::shared_ptr<const std::string>& bytes) {
    if (!bytes) return false;
    auto* raw = connection_.raw();
    if (bytes->size() <= piece_bytes) {
        xcb_change_property(raw, XCB_PROP_MODE_REPLACE, request.requestor, property, type, 8,
                            static_cast<std::uint32_t>(bytes->size()), bytes->data());
        return true;
    }
    std::erase_if(deliveries_, [&](const Delivery& delivery) {
        return delivery.to == request.requestor && delivery.property == property;
    });
    if (deliveries_.size() == most_deliveries) deliveries_.pop_front();
    deliveries_.push_back({request.requestor, property, type, bytes});
    // It removes the property to say that it wants the next piece. The same events as WindowList selects: of
    // one connection, the last selection counts.
    const std::uint32_t events = XCB_EVENT_MASK_PROPERTY_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY;
    xcb_change_window_attributes(raw, request.requestor, XCB_CW_EVENT_MASK, &events);
    const auto size = static_cast<std::uint32_t>(bytes->size());
    xcb_change_property(raw, XCB_PROP_MODE_REPLACE, request.requestor, property, atoms_.incremental, 32, 1,
                        &size);
    return true;
}

/// The program has taken a piece: the next one; an empty one says that it was the last.
void Giver::continue_delivery(xcb_window_t to, xcb_atom_t property) {
    const auto found = std::ranges::find_if(deliveries_, [&](const Delivery& delivery) {
        return delivery.to == to && delivery.property == property;
    });
    if (found == deliveries_.end()) return;
    auto& [window, name, type, bytes, place] = *found;
    const auto length = std::min(piece_bytes, bytes->size() - place);
    xcb_change_property(connection_.raw(), XCB_PROP_MODE_REPLACE, window, name, type, 8,
                        static_cast<std::uint32_t>(length), bytes->data() + place);
    xcb_flush(connection_.raw());
    place += length;
    if (length == 0) deliveries_.erase(found);
}

}  // namespace carrel::desk::clipboard
