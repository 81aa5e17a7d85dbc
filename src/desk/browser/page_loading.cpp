#include "desk/browser/page_loading.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include "async/deadline.hpp"
#include "async/scope.hpp"
#include "async/task.hpp"

namespace carrel::desk::browser {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// What a browser that does not hang needs to name its tab in front and to attach to it.
constexpr auto finding_time = 500ms;
constexpr auto first_answer_time = 1s;
constexpr auto slow_pause = 5s;
/// What may go unanswered before a page counts as silent.
constexpr auto answer_patience = 900ms;
constexpr std::size_t most_known = 100;
/// How long a page's answer is awaited: as long as anybody waits for a settled screen.
constexpr auto page_answer_time = 10s;
constexpr auto review_pause = 50ms;
constexpr std::size_t most_tabs = 8;
constexpr std::int64_t most_pixels = 100'000;

/// Comes when a frame with all that the page has drawn until now is on its way to the screen, and says
/// whether the page is loaded, and where it is shown. What the page got before, it has handled by then: input
/// comes another way than questions, and a question alone can overtake it. A page that nobody sees draws no
/// frames. The first frame of a page is awaited until it is on the screen, which can take a second on a busy
/// machine: Chromium drops what is put in before.
constexpr std::string_view ask_frame = R"(() => new Promise((done) => {
    // Timers do not run where scripts may not (CSP sandbox), not even ours.
    const limited = (time) => new Promise((over) => void scheduler.postTask(over, { delay: time }));
    // A list of the browser's own, which it draws in a window of its own.
    const isOpening = () => [...document.querySelectorAll(":is(select, input):open")]
        .some((open) => getComputedStyle(open).appearance !== "base-select");
    // Pixels of the screen, where one is a pixel of the window's own measures, too.
    const area = () => [screenX, screenY + outerHeight - Math.ceil(innerHeight * devicePixelRatio),
                        screenX + outerWidth, screenY + outerHeight];
    let hasMoved = false;
    const tell = () => done([document.readyState, location.href, isOpening(), area(), hasMoved, document.hidden]);
    // A button that is down is about to come up, and only that makes a click.
    const released = async () => {
        for (const end = performance.now() + 150; performance.now() < end && document.querySelector(":active");)
            await limited(10);
    };
    const moved = async () => {
        const all = moving();
        hasMoved = all.length > 0;
        await Promise.race([limited(1000), Promise.allSettled(all.map((one) => one.finished))]);
    };
    const moving = () => document.getAnimations()
        .filter((one) => one instanceof CSSTransition && one.effect.getComputedTiming().endTime <= 2000);
    const isShown = () => performance.now() > 5000 || performance.getEntriesByType("paint").length > 0;
    const firstFrame = () => new Promise((shown) => {
        new PerformanceObserver((_, observer) => { observer.disconnect(); shown(); })
            .observe({ type: "paint", buffered: true });
    });
    // Of an empty page no first frame is told.
    const emptyTime = 300, firstTime = 1500;
    if (document.hidden) return tell();
    Promise.race([limited(500), new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))])
        .then(() => isShown() || Promise.race([limited(document.body?.offsetHeight ? firstTime : emptyTime), firstFrame()]))
        .then(released).then(moved).then(tell);
}))";

/// Nothing when it makes no sense, as where the window's measures are not the screen's.
std::optional<picture::Region> take_area(const json::Value& told) {
    const auto* edges = told.if_array();
    if (!edges || edges->size() != 4) return std::nullopt;
    std::array<int, 4> edge{};
    for (std::size_t i = 0; i < 4; ++i) {
        const auto* number = edges->at(i).if_int64();
        if (!number || std::abs(*number) > most_pixels) return std::nullopt;
        edge[i] = static_cast<int>(*number);
    }
    const picture::Region area{edge[0], edge[1], edge[2], edge[3]};
    if (area.x1 <= area.x0 || area.y1 <= area.y0) return std::nullopt;
    return area;
}

/// One wait for a settled screen. Its tasks hold it as long as they run.
struct Wait : std::enable_shared_from_this<Wait> {
    /// A tab whose loading is awaited.
    struct Watched {
        std::shared_ptr<cdp::Tab> tab;
        cdp::Cdp::Subscription events;
        cdp::Cdp::Subscription end;
        bool was_busy = false;
        bool is_asked = false;  ///< for a sign that it has heard, or has drawn
        bool is_asked_again = false;
        bool is_new = false;  ///< what it was loading before is not known
        Clock::time_point asked_at;
    };

    Wait(async::Executor executor, cdp::Tabs& of, std::shared_ptr<PageMemory> before)
        : tabs{of}, memory{std::move(before)}, attached{executor}, scope{executor} {}
    ~Wait() {
        for (const auto& one : watched) one->tab->flight().release(Clock::now());
    }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

    void start() {
        opened = tabs.subscribe_to_opened([weak = weak_from_this()](const std::string& id) {
            if (const auto self = weak.lock()) self->take_opened(id);
        });
        watch_tab(std::nullopt);
    }

    void take_opened(const std::string& id) {
        if (watched.size() + attaching >= most_tabs) return;
        watch_tab(id);
    }

    /// The one in front when no id is given.
    void watch_tab(std::optional<std::string> id) {
        ++attaching;
        scope.start("watching a tab of the browser", attach(shared_from_this(), std::move(id)));
    }

    static Task<> attach(std::shared_ptr<Wait> self, std::optional<std::string> id) {
        try {
            if (!id) id = co_await self->tabs.find_active();
            const bool is_new = !self->tabs.is_attached(*id);
            const auto tab = co_await self->tabs.get(*id);
            self->memory->browser_until = {};
            auto& one = self->add(tab);
            one.is_new |= is_new;
            if (self->has_begun)
                self->ask(one);
            else if (!self->is_silent(*tab) && (is_new || !self->memory->has_shown(*tab)))
                // What a new one asks for is only told once it has answered; and a page that has shown
                // nothing yet gets no input, without a word.
                co_await async::deadline(first_answer_time, "the page", hear(self, tab, Cause::attachment));
        } catch (const core::Error&) {
            // A browser or a tab that is gone, or was none, or a page that is busy: then it is not known
            // more.
        }
        if (--self->attaching == 0) self->memory->browser_until = {};
        self->attached.notify_all();
        self->changed();
    }

    Watched& add(std::shared_ptr<cdp::Tab> tab) {
        if (auto* known = find(*tab)) return *known;
        auto one = std::make_unique<Watched>();
        one->tab = std::move(tab);
        one->tab->flight().hold();
        const auto tell = [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->review();
        };
        one->events = one->tab->subscribe([tell](const cdp::CdpEvent&) { tell(); });
        one->end = one->tab->subscribe_to_end(tell);
        watched.push_back(std::move(one));
        auto& added = *watched.back();
        review();
        return added;
    }

    /// Whether there is anything to wait for from it: a dialog waits for an answer, and a page that crashed
    /// for somebody who loads it again.
    static bool is_usable(const cdp::Tab& tab) {
        return tab.is_open() && !tab.has_crashed() && !tab.dialog();
    }
    bool is_loading(const Watched& one) const {
        return is_usable(*one.tab) && one.tab->flight().is_busy(since, Clock::now());
    }

    /// Something has begun or ended.
    void review() {
        for (const auto& one : watched) {
            if (is_loading(*one)) {
                one->was_busy = true;
            } else if (std::exchange(one->was_busy, false)) {
                // What came of it is drawn now.
                ended_at = Clock::now();
                if (has_begun && is_usable(*one->tab)) ask(*one);
            }
        }
        changed();
    }

    /// Asks the page for a sign that it has heard the input, or has drawn what came.
    void ask(Watched& one) {
        // What comes while it is asked may be too late for that answer.
        if (std::exchange(one.is_asked, true)) return void(one.is_asked_again = true);
        one.asked_at = Clock::now();
        scope.start("asking a page", hear(shared_from_this(), one.tab, Cause::input));
    }
    Watched* find(const cdp::Tab& tab) const {
        const auto place = std::ranges::find(watched, &tab, [](const auto& each) { return each->tab.get(); });
        return place == watched.end() ? nullptr : place->get();
    }

    /// What a page is asked for. What it says before the input is no answer to that.
    enum class Cause { attachment, input };
    static Task<> hear(std::shared_ptr<Wait> self, std::shared_ptr<cdp::Tab> tab, Cause cause) {
        const auto document = tab->flight().arrived_at();
        try {
            const auto answer = co_await tab->run(std::string{ask_frame}, {}, page_answer_time);
            const auto* facts = answer.if_array();
            if (facts && facts->size() == 6) {
                if (auto* one = self->find(*tab); one && std::exchange(one->is_new, false))
                    self->take_state(*tab, facts->at(0), facts->at(1));
                self->opens_window = facts->at(2) == true;
                self->area = take_area(facts->at(3));
                // The last of it is drawn now.
                if (facts->at(4) == true) self->ended_at = Clock::now();
                // Nothing of a page that nobody sees has been on the screen.
                if (facts->at(5) == false) self->memory->note_shown(*tab, document);
            }
            self->memory->silent.erase(tab->id());
        } catch (const core::Error&) {
            // It is gone, or shows a dialog, which is_usable() says.
        }
        if (cause == Cause::input) self->take_answer(*tab);
        self->review();
    }

    void take_answer(const cdp::Tab& tab) {
        heard_at = Clock::now();
        auto* one = find(tab);
        if (!one) return;
        one->is_asked = false;
        if (std::exchange(one->is_asked_again, false) && is_usable(tab)) ask(*one);
    }

    /// What began to load before the tab was attached to was not told.
    void take_state(cdp::Tab& tab, const json::Value& state, const json::Value& address) const {
        const auto* known = tabs.find(tab.id());
        const bool is_blank = address == "about:blank" && known &&
                              (known->url.starts_with("http") || known->url.starts_with("file:"));
        if (state != "complete" || is_blank) tab.flight().begin_loading(Clock::now());
    }

    bool goes_on() const {
        return (attaching > 0 && Clock::now() >= memory->browser_until) ||
               std::ranges::any_of(watched, [&](const auto& one) {
                   return is_loading(*one) ||
                          (one->is_asked && is_usable(*one->tab) && !is_silent(*one->tab));
               });
    }
    bool is_silent(const cdp::Tab& tab) const { return memory->silent.contains(tab.id()); }

    /// Whoever has not answered by the end of the wait is not waited for the next time.
    void end() {
        scope.cancel();
        changed = [] {};
        opened = {};
        if (has_begun && attaching > 0) memory->browser_until = Clock::now() + slow_pause;
        for (const auto& one : watched) {
            one->events = {};
            one->end = {};
            if (one->is_asked && Clock::now() - one->asked_at >= answer_patience)
                memory->note_silent(*one->tab);
        }
    }

    /// What is given up after a while brings no event.
    static Task<> tick(std::shared_ptr<Wait> self) {
        for (;;) {
            co_await async::pause(review_pause);
            self->review();
        }
    }

    void begin() {
        has_begun = true;
        scope.start("looking again", tick(shared_from_this()));
        if (watched.empty() && attaching == 0) watch_tab(std::nullopt);  // it may be starting now
        for (const auto& one : watched) ask(*one);
    }

    cdp::Tabs& tabs;
    std::shared_ptr<PageMemory> memory;
    async::Gate attached;
    async::Scope scope;
    std::function<void()> changed = [] {};
    const Clock::time_point since = Clock::now();
    bool has_begun = false;
    std::vector<std::unique_ptr<Watched>> watched;
    std::size_t attaching = 0;
    bool opens_window = false;
    std::optional<picture::Region> area;
    std::optional<Clock::time_point> heard_at;
    std::optional<Clock::time_point> ended_at;
    cdp::Cdp::Subscription opened;
};

class PagesLoading : public screen::Loading {
public:
    explicit PagesLoading(std::shared_ptr<Wait> wait) : wait_{std::move(wait)} {}
    ~PagesLoading() override { wait_->end(); }
    PagesLoading(const PagesLoading&) = delete;
    PagesLoading& operator=(const PagesLoading&) = delete;

    void begin() override { wait_->begin(); }
    State state() const override {
        return {wait_->goes_on(), wait_->opens_window, wait_->heard_at, wait_->ended_at, wait_->area};
    }
    void on_change(std::function<void()> changed) override { wait_->changed = std::move(changed); }

private:
    std::shared_ptr<Wait> wait_;
};

}  // namespace

bool PageMemory::has_shown(cdp::Tab& tab) const {
    const auto& document = tab.flight().arrived_at();
    const auto known = shown.find(tab.id());
    return !document || (known != shown.end() && known->second == *document);
}

void PageMemory::note_silent(const cdp::Tab& tab) {
    if (silent.size() >= most_known) silent.clear();
    silent.insert(tab.id());
}

void PageMemory::note_shown(cdp::Tab& tab, const std::optional<screen::Time>& document) {
    if (!document) return;
    if (shown.size() >= most_known) shown.clear();
    shown[tab.id()] = *document;
}

Task<std::unique_ptr<screen::Loading>> PageLoading::watch() {
    const auto wait = std::make_shared<Wait>(executor_, tabs_, memory_);
    auto watching = std::make_unique<PagesLoading>(wait);
    wait->start();
    const auto start = Clock::now();
    const auto end = start < memory_->browser_until ? start : start + finding_time;
    while (wait->attaching > 0)
        if (!co_await wait->attached.wait_for(end - Clock::now())) break;
    co_return watching;
}

}  // namespace carrel::desk::browser
