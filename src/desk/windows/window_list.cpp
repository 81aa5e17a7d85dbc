#include "desk/windows/window_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace carrel::desk::windows {

namespace {

constexpr std::uint8_t type_mask = 0x7f;
constexpr std::size_t most_windows = 256;

template <class Event>
const Event& as(const xcb_generic_event_t& event) {
    return reinterpret_cast<const Event&>(event);
}

core::Error not_open(xcb_window_t id) {
    return core::Error{core::Code::not_found,
                       fmt::format("no window 0x{:08x} is open: window/list tells which are", id),
                       "no_such_window"};
}

}  // namespace

WindowList::WindowList(async::Executor executor, x11::Connection& connection)
    : connection_{connection}, atoms_{x11::intern_atoms(connection.raw(), hint_names)}, changed_{executor} {
    // Its children's events: answers to pings go to it, and lists and menus are mapped in it.
    const std::uint32_t events =
        XCB_EVENT_MASK_PROPERTY_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY | XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY;
    xcb_change_window_attributes(connection.raw(), connection.root(), XCB_CW_EVENT_MASK, &events);
    connection.on_event([this](const auto& event) { note(event); });
}

void WindowList::wake() {
    ++changes_;
    changed_.notify_all();
}

void WindowList::note(const xcb_generic_event_t& event) {
    switch (event.response_type & type_mask) {
        case XCB_PROPERTY_NOTIFY: note_property(as<xcb_property_notify_event_t>(event)); return;
        case XCB_CONFIGURE_NOTIFY:
            if (watched_.contains(as<xcb_configure_notify_event_t>(event).window)) wake();
            return;
        case XCB_DESTROY_NOTIFY: {
            const auto window = as<xcb_destroy_notify_event_t>(event).window;
            is_manager_lost_ |= window == check_ && check_ != 0;
            is_manager_stale_ |= is_manager_lost_;
            if (window == check_ || watched_.contains(window)) wake();
            return;
        }
        default: return;
    }
}

void WindowList::note_property(const xcb_property_notify_event_t& change) {
    if (watched_.contains(change.window)) return wake();
    if (change.window != connection_.root() && change.window != check_) return;
    is_manager_stale_ |= change.atom == atoms_[Hint::supporting_check];
    constexpr std::array news{Hint::supporting_check, Hint::client_list, Hint::active_window,
                              Hint::number_of_desktops};
    if (std::ranges::any_of(news, [&](Hint hint) { return change.atom == atoms_[hint]; })) wake();
}

Task<> WindowList::follow(std::function<void(bool)> ready_changed) {
    while (connection_.is_alive()) {
        if (is_manager_stale_) {
            is_manager_stale_ = false;
            if (std::exchange(is_manager_lost_, false) && std::exchange(manager_, 0) != 0)
                ready_changed(false);
            // The old answer stands until there is a new one: who looks meanwhile would wait for news.
            const auto found = co_await find_manager();
            if (std::exchange(manager_, found) != found) ready_changed(found != 0);
            continue;
        }
        co_await changed_.wait();
    }
}

/// A manager that has died leaves the root's property behind: only a check window that names itself
/// counts. When it comes to name itself, or ends, an event tells.
Task<xcb_window_t> WindowList::find_manager() {
    const auto property = atoms_[Hint::supporting_check];
    check_ = (co_await find_window_property(connection_, connection_.root(), property)).value_or(0);
    if (check_ == 0) co_return 0;
    const std::uint32_t events = XCB_EVENT_MASK_STRUCTURE_NOTIFY | XCB_EVENT_MASK_PROPERTY_CHANGE;
    xcb_change_window_attributes(connection_.raw(), check_, XCB_CW_EVENT_MASK, &events);
    const auto named = co_await find_window_property(connection_, check_, property);
    co_return named == check_ ? check_ : 0;
}

Task<bool> WindowList::wait_for_change(std::uint64_t seen, async::Duration limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (changes_ == seen) {
        if (!connection_.is_alive()) throw x11::display_is_gone();
        if (!co_await changed_.wait_for(end - std::chrono::steady_clock::now())) co_return false;
    }
    co_return true;
}

WindowList::Watched::Watched(WindowList& windows, xcb_window_t id) : windows_{windows}, id_{id} {
    windows_.watched_.insert(id);
    // They stay selected: others may have come to want them, too.
    const std::uint32_t events = XCB_EVENT_MASK_STRUCTURE_NOTIFY | XCB_EVENT_MASK_PROPERTY_CHANGE;
    xcb_change_window_attributes(windows_.connection_.raw(), id, XCB_CW_EVENT_MASK, &events);
}

WindowList::Watched::~Watched() { windows_.watched_.erase(windows_.watched_.find(id_)); }

Task<bool> WindowList::wait_until(Condition is_so, async::Duration limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (true) {
        const auto seen = changes_;
        if (co_await is_so()) co_return true;
        if (!co_await wait_for_change(seen, end - std::chrono::steady_clock::now())) co_return false;
    }
}

Task<> WindowList::wait_for_desktops(async::Duration limit) {
    const auto has_desktops = [this]() -> Task<bool> {
        const auto count = co_await read_numbers(connection_, connection_.root(),
                                                 atoms_[Hint::number_of_desktops], XCB_ATOM_CARDINAL);
        co_return !count.empty() && count.front() > 0;
    };
    co_await wait_until(has_desktops, limit);
}

void WindowList::nudge_manager() {
    xcb_change_property(connection_.raw(), XCB_PROP_MODE_REPLACE, connection_.root(), atoms_[Hint::nudge],
                        XCB_ATOM_CARDINAL, 32, 0, nullptr);
    xcb_flush(connection_.raw());
}

Task<Numbers> WindowList::open_ids() {
    auto ids =
        co_await read_numbers(connection_, connection_.root(), atoms_[Hint::client_list], XCB_ATOM_WINDOW);
    if (ids.size() > most_windows) ids.resize(most_windows);
    co_return ids;
}

Task<xcb_window_t> WindowList::find_active_id() {
    co_return co_await windows::find_active_id(connection_, atoms_, manager_);
}

Task<std::vector<Window>> WindowList::list() {
    const auto active = co_await find_active_id();
    co_return co_await describe(connection_, atoms_, co_await open_ids(), active);
}

Task<std::optional<Window>> WindowList::find_active() {
    const auto id = co_await find_active_id();
    if (id == XCB_NONE) co_return std::nullopt;
    auto found = co_await describe(connection_, atoms_, {id}, id);
    if (found.empty()) co_return std::nullopt;
    co_return std::move(found.front());
}

Task<Window> WindowList::get(xcb_window_t id) {
    const auto ids = co_await open_ids();
    if (std::ranges::find(ids, id) == ids.end()) throw not_open(id);
    auto found = co_await describe(connection_, atoms_, {id}, co_await find_active_id());
    if (found.empty()) throw not_open(id);
    co_return std::move(found.front());
}

}  // namespace carrel::desk::windows
