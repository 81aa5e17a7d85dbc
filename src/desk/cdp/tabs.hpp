// The browser's tabs: which there are, which one is in front, and attachments to them.
//
// A Tab is an attachment: a session of the DevTools protocol. It is made when somebody first needs it and
// ends with the tab, the browser or the connection; then is_open() is false and Tabs::get makes a new
// one. What must live longer is kept by the tab's id. Tabs that are opened while the browser is connected are
// attached to at once, for the sake of their dialogs.
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
#include "desk/cdp/flight.hpp"

namespace carrel::desk::cdp {

struct TabInfo {
    std::string id;  ///< of its target, as the protocol names it; stable while the tab lives
    std::string url;
    std::string title;
    bool is_active = false;  ///< in front in the window that was used last
};

/// What a page shows and waits for: alert, confirm, prompt, beforeunload as the protocol tells them; and what
/// it has no word for: print (the browser's print dialog), login (a server asks for a name and a password).
struct Dialog {
    std::string type;
    std::string message;
    std::string default_prompt;
    std::string url;
    std::string session;  ///< of a print dialog, which is a page of its own
};

struct DialogAnswer {
    bool accepts = false;
    std::string text;      ///< for a prompt
    std::string user;      ///< for a login
    std::string password;  ///< for a login
};

/// A frame that another process draws: it has a session of its own, which ends with it.
struct RemoteFrame {
    std::string id;       ///< of the frame and of its target
    std::string session;  ///< for Tab::call_frame
    std::string parent;   ///< the session in which the element is that shows it
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
    /// Of the empty document over which a login was asked for last.
    const std::string& login_loader() const { return login_loader_; }
    const std::vector<RemoteFrame>& remote_frames() const { return remote_frames_; }
    /// Answers the dialog that is open. Throws Error{conflict, "no_dialog"}; Error{conflict,
    /// "not_acceptable"} for what can only be dismissed; Error{invalid, "no_user"}; as Cdp::call.
    Task<> answer_dialog(DialogAnswer answer);
    /// Dismisses it without waiting; a question whether to leave is accepted. A login stays.
    void post_dismissal();

    /// As Cdp::call, and beyond that throws
    ///   Error{conflict, "dialog_open"}       the page shows a dialog, from before or since the call went out
    ///   Error{unavailable, "tab_gone"}       it is closed
    ///   Error{unavailable, "frame_gone"}     the frame is
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

    /// What the page and its frames have in flight, as far as it was told since the tab was attached to.
    Flight& flight() { return flight_; }

    /// Whatever acts in the tab takes a turn, by whichever operation it came: what one types goes to the
    /// field that it has chosen. Who leaves the page waits for one too, but not for ever: the page may hang.
    async::Turns& input() { return input_; }
    /// Throws Error{timeout, "page_busy"} when others have it for longer than `limit`.
    Task<async::Turns::Turn> take_turn(std::chrono::milliseconds limit);

    /// The id of an execution context of the main frame in which no script of the page runs: the
    /// document is the page's, the globals are ours. Made again after each navigation.
    Task<std::int64_t> isolated_context(async::Duration limit = std::chrono::seconds{10});
    /// Runs `function` (source text of a function) there with `arguments`, awaits what it promises and
    /// answers its value, all within `limit`. Throws Error{conflict, "script_failed"} with the exception's
    /// text; as call(). One that a navigation ended is repeated once.
    Task<json::Value> run(std::string function, json::Array arguments = {},
                          async::Duration limit = std::chrono::seconds{10});

    /// For Tabs: a print dialog is open over it, and a page of its own in that session; or no longer.
    void begin_print(std::string title, std::string session);
    void forget_print(std::string_view session);
    /// For Tabs: an event of any session.
    void take(const CdpEvent& event);
    void end();

private:
    void follow(std::string_view session);
    void attach_frame(const CdpEvent& event);
    void detach_frame(std::string_view session);
    bool is_mine(std::string_view session) const;
    void take_network(const CdpEvent& event);
    void take_arrival(const json::Value& frame);
    void open_dialog(const json::Value& params);
    void announce_dialog(json::Object params);
    void announce_answer(bool is_accepted);
    Task<> end_print(bool is_accepted);
    Task<> log_in(DialogAnswer answer);
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
    /// The last answer to the main frame that asked for a login.
    struct Challenge {
        std::string loader;
        std::string url;
        std::string realm;
    };
    Challenge challenge_;
    std::string login_loader_;    ///< of the document for which a login was last announced
    bool accepts_login_ = false;  ///< the last answer to one
    std::optional<std::int64_t> context_;
    Flight flight_;
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
    bool is_attached(std::string_view id) const { return attached_.contains(id); }
    /// The ids of tabs that were attached to and show a dialog.
    std::vector<std::string> find_asking() const;
    /// Called with the id of each tab that is opened from now on, while the browser is connected.
    Cdp::Subscription subscribe_to_opened(std::function<void(std::string)> listener);
    /// What is known of it without a question; nothing: no such tab.
    const TabInfo* find(std::string_view id) const;

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
    void note_print(const std::string& id);
    Task<> find_printing_tabs(std::string print);
    Task<std::vector<std::string>> find_waiting();
    void show_print(std::string_view tab);
    std::string find_uncovered(const CdpEvent& event) const;
    void forget_print(std::string_view id);
    void forget(std::string_view id);
    Task<> discover();
    Task<> listen(std::string id);
    Task<std::shared_ptr<Tab>> attach(std::string id);

    async::Executor executor_;
    Cdp& cdp_;
    FindOrder find_order_;
    async::Gate changed_;
    Cdp::Listeners opened_listeners_;
    bool is_discovering_ = false;
    std::vector<TabInfo> known_;  ///< in the order in which they were seen
    std::map<std::string, std::shared_ptr<Tab>, std::less<>> attached_;
    /// Attempts to attach, by the tabs' ids.
    std::map<std::string, std::shared_ptr<Attempt>, std::less<>> attaching_;
    std::set<std::string, std::less<>> hidden_;
    /// Print dialogs that are open, by their targets.
    struct Print {
        std::vector<std::string> tabs;  ///< that wait for its end; none until they are known
        std::string session;
    };
    std::map<std::string, Print, std::less<>> prints_;
    Cdp::Subscription events_;
    Cdp::Subscription end_;
    std::shared_ptr<Tabs> alive_{this, [](Tabs*) {}};  ///< for who must know whether it still is there
    async::Scope scope_;
};

}  // namespace carrel::desk::cdp
