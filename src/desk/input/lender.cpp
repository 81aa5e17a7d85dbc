#include "desk/input/lender.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/text.hpp"
#include "desk/clipboard/selection_answer.hpp"

namespace carrel::desk::input {

namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t type_mask = 0x7f;
/// A program under load may take long to come to the keys.
constexpr auto patience = 30s;
/// Keys go elsewhere when the focus moves at that very moment, or a menu has the keyboard: they are pressed
/// again. The program gets the text once however often it asks, so it pastes once.
constexpr auto overlooked_time = 4s;
constexpr auto late_request_time = 1s;

/// What of UTF-8 Latin-1 has; for programs so old that they want nothing else.
std::string to_latin_1(std::string_view utf8) {
    std::string text;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto byte = static_cast<unsigned char>(utf8[i]);
        const bool is_continued = (byte & 0xc0) == 0x80;
        if (byte < 0x80)
            text += utf8[i];
        else if ((byte == 0xc2 || byte == 0xc3) && i + 1 < utf8.size())
            text += static_cast<char>((byte & 3) << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3f));
        else if (!is_continued)
            text += '?';
    }
    return text;
}

}  // namespace

Lender::Lender(async::Executor executor, x11::Connection& connection, clipboard::Clipboard& clipboard)
    : connection_{connection}, clipboard_{clipboard}, taken_{std::move(executor)} {
    auto* raw = connection.raw();
    constexpr std::array<std::string_view, 5> names{"CLIPBOARD", "UTF8_STRING", "TARGETS", "TEXT",
                                                    "text/plain;charset=utf-8"};
    const auto atoms = x11::intern_atoms(raw, names);
    atoms_ = {atoms[0], atoms[1], atoms[2], atoms[3], atoms[4]};
    window_ = xcb_generate_id(raw);
    xcb_create_window(raw, XCB_COPY_FROM_PARENT, window_, connection.root(), -1, -1, 1, 1, 0,
                      XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT, 0, nullptr);
    connection.on_event([this](const auto& event) { note(event); });
}

void Lender::note(const xcb_generic_event_t& event) {
    const auto type = event.response_type & type_mask;
    if (type == XCB_SELECTION_REQUEST) {
        const auto& request = reinterpret_cast<const xcb_selection_request_event_t&>(event);
        if (request.owner == window_) give(request);
    }
    if (type == XCB_SELECTION_CLEAR) {
        const auto& loss = reinterpret_cast<const xcb_selection_clear_event_t&>(event);
        is_lost_ |= loss.owner == window_ && loss.selection == atoms_.clipboard;
    }
}

/// Ids of one program's windows begin alike.
bool Lender::is_of_one_program(xcb_window_t one, xcb_window_t other) const {
    const auto mask = xcb_get_setup(connection_.raw())->resource_id_mask;
    return (one & ~mask) == (other & ~mask);
}

/// Puts what is asked for where it is asked for; answers whether that is done.
bool Lender::put(const xcb_selection_request_event_t& request, xcb_atom_t property) {
    // Nobody else gets what is typed: neither a viewer nor a manager of clipboards.
    if (!loan_ || !is_of_one_program(request.requestor, loan_->taker)) return false;
    auto* raw = connection_.raw();
    const std::array<xcb_atom_t, 5> targets{atoms_.targets, atoms_.utf8, atoms_.plain, atoms_.text,
                                            XCB_ATOM_STRING};
    if (request.target == atoms_.targets) {
        xcb_change_property(raw, XCB_PROP_MODE_REPLACE, request.requestor, property, XCB_ATOM_ATOM, 32,
                            targets.size(), targets.data());
        return true;
    }
    if (std::ranges::find(targets, request.target) == targets.end() || is_taken_) return false;
    const bool is_old = request.target == XCB_ATOM_STRING;
    const auto text = is_old ? to_latin_1(loan_->text) : loan_->text;
    xcb_change_property(raw, XCB_PROP_MODE_REPLACE, request.requestor, property,
                        request.target == atoms_.text ? atoms_.utf8 : request.target, 8,
                        static_cast<std::uint32_t>(text.size()), text.data());
    is_taken_ = true;
    return true;
}

void Lender::give(const xcb_selection_request_event_t& request) {
    clipboard::answer_request(connection_.raw(), request,
                              [&](xcb_atom_t property) { return put(request, property); });
    if (is_taken_) taken_.notify_all();
}

/// Owns the selections as long as it lives. Then the clipboard is `former`'s again, a window of our own, or
/// nobody's.
class Lender::Owning {
public:
    Owning(Lender& lender, const Loan& loan, xcb_window_t former) : lender_{lender}, former_{former} {
        lender_.loan_ = &loan;
        lender_.is_taken_ = false;
        lender_.is_lost_ = false;
        own(lender_.atoms_.clipboard, lender_.window_);
        if (loan.with_primary) own(XCB_ATOM_PRIMARY, lender_.window_);
    }
    ~Owning() {
        if (lender_.loan_->with_primary) own(XCB_ATOM_PRIMARY, XCB_NONE);
        if (!lender_.is_lost_) own(lender_.atoms_.clipboard, former_);
        lender_.loan_ = nullptr;
        lender_.connection_.flush();
    }
    Owning(const Owning&) = delete;
    Owning& operator=(const Owning&) = delete;

private:
    void own(xcb_atom_t selection, xcb_window_t owner) const {
        xcb_set_selection_owner(lender_.connection_.raw(), owner, selection, XCB_CURRENT_TIME);
    }

    Lender& lender_;
    xcb_window_t former_;
};

Task<xcb_window_t> Lender::find_owner() {
    const auto reply = co_await connection_.answer<xcb_get_selection_owner_reply_t>(
        xcb_get_selection_owner(connection_.raw(), atoms_.clipboard).sequence,
        "asking who has the clipboard");
    co_return reply->owner;
}

/// Which window of ours shall have the clipboard afterwards: what another program has copied, we take over,
/// as it cannot be asked to own it again.
Task<xcb_window_t> Lender::keep_former() {
    const auto owner = co_await find_owner();
    if (owner == XCB_NONE || is_of_one_program(owner, window_)) co_return owner;
    try {
        co_await clipboard_.take_over();
    } catch (const core::Error& error) {
        // Its owner is as good as gone, or has more than anybody can keep.
        if (error.code() == core::Code::unavailable) throw;
        co_return XCB_NONE;
    }
    const auto kept = co_await find_owner();
    co_return is_of_one_program(kept, window_) ? kept : xcb_window_t{XCB_NONE};
}

Task<bool> Lender::wait_until_taken() {
    const auto end = std::chrono::steady_clock::now() + patience;
    bool is_repeated = false;
    while (!is_taken_ && std::chrono::steady_clock::now() < end) {
        if (!connection_.is_alive()) throw x11::display_is_gone();
        if (co_await taken_.wait_for(overlooked_time)) continue;
        loan_->ask_for_it();
        connection_.flush();
        is_repeated = true;
    }
    // What was pressed once too often shall not paste what the clipboard holds afterwards.
    if (is_taken_ && is_repeated) co_await taken_.wait_for(late_request_time);
    co_return is_taken_;
}

Task<bool> Lender::lend(Loan loan) {
    const auto former = co_await keep_former();
    const Owning owning{*this, loan, former};
    loan.ask_for_it();
    connection_.flush();
    const bool is_done = co_await wait_until_taken();
    if (is_done) co_await loan.wait_for_end();
    co_return is_done;
}

}  // namespace carrel::desk::input
