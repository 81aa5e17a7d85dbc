// The browser's tabs: which there are, which one is in front, and attachments to them.
//
// A Tab is an attachment: a session of the DevTools protocol. It is made when somebody first needs it and
// ends with the tab, the browser or the connection; then is_open() is false and Tabs::get makes a new
// one. What must live longer is kept by the tab's id.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "async/turns.hpp"
#include "desk/cdp/cdp.hpp"

namespace carrel::desk::cdp {

struct TabInfo {
    std::string id;  ///< of its target, as the protocol names it; stable while the tab lives
    std::string url;
    std::string title;
    bool is_active = false;  ///< in front in the window that was used last
};

/// What a page shows and waits for: alert, confirm, prompt, beforeunload.
struct Dialog {
    std::string type;
    std::string message;
    std::string default_prompt;
    std::string url;
};

/// A frame that another process draws: it has a session of its own, which ends with it.
struct RemoteFrame {
    std::string id;       ///< of the frame and of its target
    std::string session;  ///< for Tab::call_frame
};

/// The text of a script's exception (Runtime.ExceptionDetails) as a console would show it, bounded.
std::string describe_exception(const json::Value& details);

class Tab : public std::enable_shared_from_this<Tab> {
public:
    /// The Page domain is enabled, with its life-cycle events, and so is attaching to remote frames.
    Tab(async::Executor executor, Cdp& cdp, std::string id, std::string session);

    const std::string& id() const { return id_; }  ///< also the id of its main frame
    const std::string& session() const { return session_; }
    bool is_open() const { return is_open_; }
    bool has_crashed() const { return has_crashed_; }
    const std::optional<Dialog>& dialog() const { return dialog_; }
    const std::vector<RemoteFrame>& remote_frames() const { return remote_frames_; }

    /// As Cdp::call, and beyond that throws
    ///   Error{conflict, "dialog_open"}       the page shows a dialog, from before or since the call went out
    ///   Error{unavailable, "tab_gone"}       it is closed
    ///   Error{unavailable, "page_crashed"}   but for Page.navigate, Page.reload and such, which revive it
    ///   Error{timeout, "page_busy"}          the page does not answer, but the browser does
    ///   Error{timeout, "browser_hung"}       the browser does not
    ///   Error{conflict, "page_stuck"}        it hung while it was being left, and so the tab is lost
    Task<json::Value> call(std::string method, json::Object params = {},
                           async::Duration limit = std::chrono::seconds{10});
    /// The same in a remote frame's session.
    Task<json::Value> call_frame(std::string session, std::string method, json::Object params = {},
                                 async::Duration limit = std::chrono::seconds{10});
    void post(std::string_view method, const json::Object& params = {});

    /// Events of its session and of its remote frames' sessions, while it is open.
    Cdp::Subscription subscribe(Cdp::Listener listener);
    /// Called once when it is not open any more, or its page has crashed.
    Cdp::Subscription subscribe_to_end(std::function<void()> listener);
    /// Throws what call() of the page would throw at once: tab_gone, page_crashed, dialog_open.
    void check() const;

    /// Keys and buttons of one operation go out before those of the next.
    async::Turns& input() { return input_; }

    /// The id of an execution context of the main frame in which no script of the page runs: the
    /// document is the page's, the globals are ours. Made again after each navigation.
    Task<std::int64_t> isolated_context(async::Duration limit = std::chrono::seconds{10});
    /// Runs `function` (source text of a function) there with `arguments`, awaits what it promises and
    /// answers its value, all within `limit`. Throws Error{conflict, "script_failed"} with the exception's
    /// text; as call(). One that a navigation ended is repeated once.
    Task<json::Value> run(std::string function, json::Array arguments = {},
                          async::Duration limit = std::chrono::seconds{10});

    /// For Tabs: an event of any session.
    void take(const CdpEvent& event);
    void end();

private:
    void attach_frame(const json::Value& params);
    void detach_frame(std::string_view session);
    bool is_mine(std::string_view session) const;
    void open_dialog(const json::Value& params);
    core::Error describe_dialog() const;
    Task<bool> does_browser_answer();
    Task<> wait_for_arrival();
    Task<json::Value> call_browser(std::string method, json::Object params, async::Duration limit);
    Task<json::Value> call_any(std::string session, std::string method, json::Object params,
                               async::Duration limit);
    Task<json::Value> run_once(const std::string& function, const json::Array& arguments,
                               async::Duration limit);

    Cdp& cdp_;
    std::string id_;
    std::string session_;
    bool is_open_ = true;
    bool has_crashed_ = false;
    std::optional<Dialog> dialog_;
    std::vector<RemoteFrame> remote_frames_;
    std::optional<std::int64_t> context_;
    async::Turns input_;
    Cdp::Listeners end_listeners_;
};

class Tabs {
public:
    /// The ids of all targets, the one that was used last first.
    using FindOrder = std::function<Task<std::vector<std::string>>()>;

    /// `cdp` must outlive it.
    Tabs(async::Executor executor, Cdp& cdp, FindOrder find_order);

    /// In the order in which they were opened.
    Task<std::vector<TabInfo>> list();
    /// The tab, attached to; the active one when no id is given. Throws Error{not_found, "no_such_tab"},
    /// Error{conflict, "no_tab"} when the browser has none; as Cdp::call.
    Task<std::shared_ptr<Tab>> get(std::optional<std::string> id);
    Task<std::string> find_active();

    /// Whether there is a tab within `limit`: a browser that starts answers before it has one.
    Task<bool> wait_for_tab(async::Duration limit);

    /// Opens a tab in front, with an address; answers its id.
    Task<std::string> open(std::string url, bool in_new_window);
    /// A tab that nobody sees and that is in no list; who opens it closes its target.
    Task<std::shared_ptr<Tab>> open_hidden();
    /// Brings it to the front of its window, and the window to the front.
    Task<> activate(std::string id);
    /// Returns when it is closed. Throws Error{conflict, "dialog_open"} when the page asks to stay.
    Task<> close(std::string id);

private:
    void take(const CdpEvent& event);
    void end_all();
    void note(const json::Value& info);
    void forget(std::string_view id);
    Task<> discover();
    Task<std::shared_ptr<Tab>> attach(std::string id);

    async::Executor executor_;
    Cdp& cdp_;
    FindOrder find_order_;
    async::Gate changed_;
    bool is_discovering_ = false;
    std::vector<TabInfo> known_;  ///< in the order in which they were seen
    std::map<std::string, std::shared_ptr<Tab>, std::less<>> attached_;
    std::set<std::string, std::less<>> attaching_;
    std::set<std::string, std::less<>> hidden_;
    Cdp::Subscription events_;
    Cdp::Subscription end_;
};

}  // namespace carrel::desk::cdp
