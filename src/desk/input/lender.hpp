// Lending a text to the program that has the keyboard, for one paste (ICCCM, section 2). What the clipboard
// held before is there again afterwards.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "async/gate.hpp"
#include "desk/clipboard/clipboard.hpp"
#include "desk/x11/connection.hpp"

namespace carrel::desk::input {

using async::Task;

class Lender {
public:
    /// Blocks: runs on the pool. Both must outlive it.
    Lender(async::Executor executor, x11::Connection& connection, clipboard::Clipboard& clipboard);
    Lender(const Lender&) = delete;
    Lender& operator=(const Lender&) = delete;

    struct Loan {
        std::string text;                      ///< UTF-8
        xcb_window_t taker = XCB_NONE;         ///< a window of the only program that gets it
        bool with_primary = false;             ///< as terminals want it
        std::function<void()> ask_for_it;      ///< queues the keys that make the program paste
        std::function<Task<>()> wait_for_end;  ///< returns when the program has done with it
    };
    /// Answers false when the program does not ask for the text in time. One at a time.
    Task<bool> lend(Loan loan);

private:
    struct Atoms {
        xcb_atom_t clipboard, utf8, targets, text, plain;
    };
    class Owning;

    void note(const xcb_generic_event_t& event);
    void give(const xcb_selection_request_event_t& request);
    bool put(const xcb_selection_request_event_t& request, xcb_atom_t property);
    bool is_of_one_program(xcb_window_t one, xcb_window_t other) const;
    Task<xcb_window_t> find_owner();
    Task<xcb_window_t> keep_former();
    Task<bool> wait_until_taken();

    x11::Connection& connection_;
    clipboard::Clipboard& clipboard_;
    Atoms atoms_{};
    xcb_window_t window_ = 0;
    async::Gate taken_;
    const Loan* loan_ = nullptr;
    bool is_taken_ = false;
    bool is_lost_ = false;  ///< somebody copied something meanwhile
};

}  // namespace carrel::desk::input
