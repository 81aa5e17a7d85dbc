// Pages that load: addresses, the way back and forth, and when a page is there.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "desk/cdp/tabs.hpp"

namespace carrel::desk::cdp {

/// What a tab has told of its main document since the watch began. Keep it before what loads is asked for.
/// Of frames within it nothing is kept.
class LoadWatch {
public:
    LoadWatch(async::Executor executor, std::shared_ptr<Tab> tab);

    /// Returns when the document that `loader` names has reached "commit", "domcontentloaded", "load" or
    /// "networkidle". Without a loader: that of the next navigation, and one within the document, or back
    /// to a kept page, is there at once. Throws Error{timeout, "page_not_loaded"}; Error{conflict,
    /// "dialog_open"}; as Tab::call when the tab ends.
    Task<> wait(std::string loader, std::string_view state, std::chrono::milliseconds limit);

private:
    struct State;
    std::shared_ptr<State> state_;
    Cdp::Subscription events_;
    Cdp::Subscription end_;
};

struct PageInfo {
    std::string url;
    std::string title;
    bool is_pdf = false;
};

/// What to know of a page that is a PDF, whose text no script can read.
inline constexpr std::string_view pdf_note =
    "this is a PDF, drawn by the browser's own viewer: look at it in pictures of the screen, or save it as a "
    "file "
    "for a program that reads it";

/// Of a page that has crashed or is busy what the browser knows.
Task<PageInfo> describe_page(Tab& tab, std::chrono::milliseconds limit = std::chrono::seconds{3});

/// All three leave the page that is there even when it hangs (leaving.hpp), and take no longer than `limit`.
/// They wait for their turn in the tab, but no longer than for a page that hangs. Throws
///   Error{conflict, "not_loaded"}   with the browser's reason ("net::ERR_NAME_NOT_RESOLVED")
///   Error{conflict, "dialog_open"}  also when the page asks whether to leave already: that has no answer yet
///   as free_page and LoadWatch::wait.
Task<> navigate(async::Executor executor, std::shared_ptr<Tab> tab, std::string url,
                std::string_view wait_until, std::chrono::milliseconds limit);

/// The first of several addresses that a document comes from: the next one is tried where https is not
/// served.
Task<> navigate_first(async::Executor executor, std::shared_ptr<Tab> tab, std::vector<std::string> urls,
                      std::string_view wait_until, std::chrono::milliseconds limit);

/// `steps` is -1 or 1. Throws Error{conflict, "no_such_page"} when there is none to go to.
Task<> go_in_history(async::Executor executor, std::shared_ptr<Tab> tab, int steps,
                     std::chrono::milliseconds limit);
Task<> reload(async::Executor executor, std::shared_ptr<Tab> tab, std::chrono::milliseconds limit);

}  // namespace carrel::desk::cdp
