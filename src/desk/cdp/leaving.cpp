#include "desk/cdp/leaving.hpp"

#include <algorithm>

namespace carrel::desk::cdp {

namespace {

using core::Error;
using namespace std::chrono_literals;

constexpr int most_dialogs = 3;
constexpr std::chrono::milliseconds ending_time = 5s;

/// The question whether to leave is its asker's to answer; one for a login holds nothing up.
bool may_stay(const Tab& tab) {
    return tab.dialog() && (tab.dialog()->type == "beforeunload" || tab.dialog()->type == "login");
}

Task<> dismiss(Tab& tab) {
    try {
        co_await tab.answer_dialog({});
    } catch (const Error& error) {
        // Somebody else has answered it, or the next one is there already.
        if (error.reason() != "cdp_refused" && error.reason() != "dialog_open" &&
            error.reason() != "no_dialog")
            throw;
    }
}

enum class State { free, shows_dialog, hangs };

Task<State> ask(Tab& tab, std::chrono::milliseconds patience) {
    try {
        co_await tab.call("Runtime.evaluate", {{"expression", "0"}}, patience);
    } catch (const Error& error) {
        if (error.reason() == "dialog_open") co_return State::shows_dialog;
        if (error.reason() == "page_busy") co_return State::hangs;
        // A page that has crashed, or is on its way to another address, holds nothing up.
        if (error.reason() != "page_crashed" && error.reason() != "cdp_refused") throw;
    }
    co_return State::free;
}

/// Its whole process, by a thread of it that does not hang; pages that share it hang with it.
Task<> end_page(Tab& tab) {
    co_await tab.call("Page.stopLoading");  // else the browser refuses
    try {
        co_await tab.call("Page.crash", {}, ending_time);
    } catch (const Error& error) {
        // The crash is the answer. Otherwise the navigation tells what is wrong, within its own time.
        if (error.reason() != "page_crashed" && error.reason() != "page_busy" &&
            error.reason() != "cdp_refused")
            throw;
    }
}

}  // namespace

Task<> free_page(Tab& tab, std::chrono::milliseconds patience) {
    auto state = State::shows_dialog;
    for (int asked = 0; state == State::shows_dialog && asked <= most_dialogs; ++asked) {
        if (may_stay(tab)) co_return;
        if (tab.dialog()) co_await dismiss(tab);
        state = co_await ask(tab, patience);
    }
    if (state != State::free && !may_stay(tab)) co_await end_page(tab);
}

std::chrono::milliseconds patience_of(std::chrono::milliseconds limit) {
    return std::clamp<std::chrono::milliseconds>(limit / 2, 100ms, 3s);
}

}  // namespace carrel::desk::cdp
