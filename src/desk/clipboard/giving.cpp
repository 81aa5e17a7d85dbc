// The clipboard's side that gives: programs paste what we own.
#include <algorithm>
#include <array>

#include "desk/clipboard/clipboard.hpp"
#include "desk/clipboard/selection_answer.hpp"

namespace carrel::desk::clipboard {

namespace {

/// What goes at once, and in one piece of what does not. The X server takes far more in one request, but it
/// would serve nobody else meanwhile.
constexpr std::size_t piece_bytes = 256 * 1024;
/// Of things on their way at the same time: whoever began first and does not go on is dropped.
constexpr std::size_t most_deliveries = 16;

}  // namespace

void Clipboard::give(const xcb_selection_request_event_t& request) {
    answer_request(connection_.raw(), request,
                   [&](xcb_atom_t property) { return give_to(request, property); });
}

void Clipboard::give_targets(const Own& own, xcb_window_t to, xcb_atom_t property) const {
    std::vector<xcb_atom_t> targets{atoms_.targets, atoms_.timestamp};
    if (own.text)
        targets.insert(targets.end(),
                       {atoms_.utf8, atoms_.plain_utf8, atoms_.plain, atoms_.text, XCB_ATOM_STRING});
    if (own.image) targets.push_back(atoms_.png);
    xcb_change_property(connection_.raw(), XCB_PROP_MODE_REPLACE, to, property, XCB_ATOM_ATOM, 32,
                        static_cast<std::uint32_t>(targets.size()), targets.data());
}

/// False when that is not to be had.
bool Clipboard::give_to(const xcb_selection_request_event_t& request, xcb_atom_t property) {
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

bool Clipboard::deliver(const xcb_selection_request_event_t& request, xcb_atom_t property, xcb_atom_t type,
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
    // It removes the property to say that it wants the next piece. The same events as Windows selects: of one
    // connection, the last selection counts.
    const std::uint32_t events = XCB_EVENT_MASK_PROPERTY_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY;
    xcb_change_window_attributes(raw, request.requestor, XCB_CW_EVENT_MASK, &events);
    const auto size = static_cast<std::uint32_t>(bytes->size());
    xcb_change_property(raw, XCB_PROP_MODE_REPLACE, request.requestor, property, atoms_.incremental, 32, 1,
                        &size);
    return true;
}

/// The program has taken a piece: the next one; an empty one says that it was the last.
void Clipboard::continue_delivery(xcb_window_t to, xcb_atom_t property) {
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
