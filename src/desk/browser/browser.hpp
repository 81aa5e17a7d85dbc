// The desk's browser: opened with an address, closed as a person would.
#pragma once

#include <string>
#include <vector>

#include "async/scope.hpp"
#include "core/fd.hpp"
#include "desk/cdp/tabs.hpp"
#include "desk/desktop/desktop.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk::browser {

using async::Task;

/// An address as it is given to the browser: what is to be tried, in order; without a scheme as people write
/// it (cdp/addresses). Refuses other schemes than http, https, file and about, and what could be no address.
/// `takes_data`: data: too, which any text may follow.
core::Expected<std::vector<std::string>> parse_url(std::string_view text, bool takes_data = false);

/// Those of `all` that are a browser's.
std::vector<windows::Window> browser_windows(std::vector<windows::Window> all);

class Browser {
public:
    /// `pool` and `tabs` must outlive it.
    Browser(async::Executor executor, async::Pool& pool, std::string home, int output, cdp::Tabs& tabs);

    /// Returns when the browser shows a window, or the one that runs has taken the address. Throws
    /// Error{timeout}, or Error{not_found} when the image has no browser.
    Task<> open(std::shared_ptr<desktop::Desktop> desktop, std::string url, bool in_new_window);
    /// Opens one with an empty page, unless one is open: waits for the display and the window.
    Task<> start(desktop::Display& display);
    /// Returns when no window of it is left and its process has ended; false when there was none. Throws
    /// Error{timeout}.
    Task<bool> close(std::shared_ptr<desktop::Desktop> desktop);

private:
    Task<bool> open_tab(const std::string& url, bool in_new_window);
    Task<> follow(pid_t pid, core::Fd process, std::shared_ptr<bool> has_ended,
                  std::shared_ptr<desktop::Desktop> desktop);

    async::Executor executor_;
    async::Pool& pool_;
    std::string home_;
    int output_;
    cdp::Tabs& tabs_;
    int running_ = 0;  ///< processes that we started
    async::Scope children_;
};

/// browser/open_url, browser/close, browser/active_window. Both must outlive the bindings.
std::vector<rest::Binding> bind_browser(Browser& browser, desktop::Display& display);

}  // namespace carrel::desk::browser
