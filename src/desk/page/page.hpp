// A tab as a model works with it: its elements by number, its dialogs, what it said on the console and
// asked of the network. Kept by the tab's id, over attachments (tabs.hpp) that come and go.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "desk/cdp/tabs.hpp"
#include "desk/page/downloads.hpp"
#include "desk/page/log.hpp"
#include "desk/page/references.hpp"

namespace carrel::desk::page {

/// A document of the tab; `session` is empty unless another process draws it.
struct PageFrame {
    std::string id;
    std::string session;
};

struct DialogRecord {
    std::string type;  ///< "alert", "confirm", "prompt", "beforeunload", "print", "login"
    std::string message;
    std::string default_text;
    bool is_open = true;
    bool is_accepted = false;
    std::string text;  ///< what a prompt was given
};

class Page {
public:
    /// Both must outlive it.
    Page(cdp::Cdp& cdp, std::string id);
    ~Page();
    Page(const Page&) = delete;
    Page& operator=(const Page&) = delete;

    const std::string& id() const { return id_; }
    cdp::Tab& tab() { return *tab_; }
    const std::shared_ptr<cdp::Tab>& shared_tab() const { return tab_; }
    /// From now on by this attachment: listens, and has the page report console and network.
    void use(std::shared_ptr<cdp::Tab> tab);

    /// While one lives, dialogs are dismissed as they open (a question whether to leave is answered with
    /// yes), and call() is not ended by them.
    class [[nodiscard]] Dismissing {
    public:
        explicit Dismissing(Page& page);
        Dismissing(const Dismissing&) = delete;
        Dismissing& operator=(const Dismissing&) = delete;
        ~Dismissing() { --page_.dismissing_; }

    private:
        Page& page_;
    };
    /// Dialogs that were dismissed so and not yet taken.
    std::vector<DialogRecord> take_dismissed() { return std::exchange(dismissed_, {}); }

    /// Answers the dialog that is open. Throws as Tab::answer_dialog.
    Task<> answer_dialog(cdp::DialogAnswer answer);
    const std::deque<DialogRecord>& dialogs() const { return dialogs_; }

    /// Whoever acts in the tab holds one meanwhile (Tab::input). Throws as Tab::take_turn.
    struct [[nodiscard]] Turn {
        std::shared_ptr<cdp::Tab> tab;
        async::Turns::Turn turn;
    };
    Task<Turn> take_turn();

    /// As Tab::call; throws "dialog_open" only where no Dismissing lives.
    Task<json::Value> call(std::string method, json::Object params = {},
                           async::Duration limit = std::chrono::seconds{10});
    Task<json::Value> call_frame(const PageFrame& frame, std::string method, json::Object params = {},
                                 async::Duration limit = std::chrono::seconds{10});
    /// For who does not need the answer.
    void post(std::string_view method, const json::Object& params);

    PageFrame main_frame() const { return {id_, {}}; }
    /// By its id, as it is drawn now.
    PageFrame frame(const std::string& id) const;
    /// A frame that an element of `owner` shows.
    PageFrame frame_in(const PageFrame& owner, const std::string& id);
    /// The outermost frame of the process that draws the element which shows `inner`.
    PageFrame owner_of(const PageFrame& inner) const;

    struct Answer {
        json::Value result;
        PageDocument document;
    };
    /// An operation of the page's script in a frame, all within `limit`. Throws Error{conflict,
    /// "page_changed"} when the document went away meanwhile, twice; Error{not_found, "no_such_frame"}; as
    /// call().
    Task<Answer> run(PageFrame frame, std::string operation, json::Object options,
                     async::Duration limit = std::chrono::seconds{10});
    /// The same on an element, by `options.ref`. Throws Error{not_found, "stale_reference"}.
    Task<Answer> run_on(int reference, std::string operation, json::Object options = {});
    /// The element as an object of the protocol, in its frame's session.
    struct Element {
        PageFrame frame;
        std::string object;
    };
    Task<Element> element(int reference, async::Duration limit = std::chrono::seconds{10});
    /// The frame that an element shows; without an id when it shows none.
    Task<PageFrame> frame_shown_by(int reference, async::Duration limit = std::chrono::seconds{10});
    /// Lets the browser forget such an object.
    void release(const Element& element);

    /// Whether its main frame is on the way to another document, or loads one.
    bool is_loading() const { return is_loading_; }

    PageReferences references;
    ConsoleLog console;
    NetworkLog network;

private:
    void take(const cdp::CdpEvent& event);
    void open_dialog(const json::Value& params);
    void close_dialog(const json::Value& params);
    void dismiss();
    void end_own_session();
    PageFrame drawn_in(std::string_view session) const;
    Task<std::string> own_session();
    using TimePoint = std::chrono::steady_clock::time_point;
    Task<std::int64_t> context(const PageFrame& frame, TimePoint end);
    Task<json::Value> evaluate(const PageFrame& frame, std::int64_t context, std::string expression,
                               bool by_value, TimePoint end);
    Task<json::Value> run_once(const PageFrame& frame, std::string expression, bool by_value, TimePoint end);
    Task<json::Value> run_twice(PageFrame frame, std::string expression, bool by_value,
                                async::Duration limit = std::chrono::seconds{10});

    cdp::Cdp& cdp_;
    std::string id_;
    std::shared_ptr<cdp::Tab> tab_;
    cdp::Cdp::Subscription events_;
    cdp::Cdp::Subscription end_;
    std::map<std::string, std::string> outer_frames_;  ///< of frames that have no session of their own
    std::deque<DialogRecord> dialogs_;
    std::vector<DialogRecord> dismissed_;
    int dismissing_ = 0;
    bool is_loading_ = false;
    std::string own_session_;  ///< a second attachment, which a dialog does not disturb
};

core::Error stale_reference(int number);

class Pages {
public:
    /// Both must outlive it.
    Pages(cdp::Cdp& cdp, cdp::Tabs& tabs);

    /// The page of a tab, attached; of the active one when no id is given. Throws as Tabs::get.
    Task<std::shared_ptr<Page>> get(std::optional<std::string> tab);
    /// Those that were ever asked for and still are attached.
    std::vector<std::shared_ptr<Page>> attached() const;
    Downloads& downloads() { return downloads_; }
    cdp::Tabs& tabs() { return tabs_; }
    cdp::Cdp& cdp() { return cdp_; }

private:
    void forget_closed();

    cdp::Cdp& cdp_;
    cdp::Tabs& tabs_;
    Downloads downloads_;
    std::map<std::string, std::shared_ptr<Page>, std::less<>> pages_;
};

}  // namespace carrel::desk::page
