#include "desk/screen/watch.hpp"

#include <algorithm>

namespace carrel::desk::screen {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// A place that was reported is not reported again before it is asked for anew; that is done at most so
/// often, so that a program which paints without end does not keep us busy.
constexpr auto renewal_time = 4ms;
/// A screen that rests so long may well have settled: what is wanted then is worth preparing.
constexpr auto rest_before_work = 8ms;
constexpr int most_preparations = 3;
/// Beyond this, reports become one.
constexpr std::size_t most_reports = 512;

picture::Region region_of(const xcb_damage_notify_event_t& event) {
    return {event.area.x, event.area.y, event.area.x + event.area.width, event.area.y + event.area.height};
}

}  // namespace

Watching::Watching(async::Executor executor, x11::Connection& connection)
    : connection_{connection}, changed_{std::move(executor)} {
    const auto* extension = xcb_get_extension_data(connection.raw(), &xcb_damage_id);
    if (!extension || !extension->present)
        throw core::Error{core::Code::unavailable, "the display has no DAMAGE extension"};
    notify_event_ = extension->first_event + XCB_DAMAGE_NOTIFY;
    connection.on_event([this](const auto& event) { note(event); });
}

void Watching::note(const xcb_generic_event_t& event) {
    if (x11::type_of(event) != notify_event_) return;
    const auto& report = reinterpret_cast<const xcb_damage_notify_event_t&>(event);
    const auto watch =
        std::ranges::find(watches_, report.damage, [](const Watch* each) { return each->damage_; });
    if (watch == watches_.end()) return;
    // That a window is there at all is reported when a watch begins: it comes before the watch is armed.
    if (static_cast<std::int32_t>(event.full_sequence - (*watch)->armed_at_) < 0) return;
    (*watch)->note(report);
    changed_.notify_all();
}

Watch::Watch(Watching& watching) : watching_{watching} {
    auto* raw = watching.connection_.raw();
    damage_ = xcb_generate_id(raw);
    xcb_damage_create(raw, damage_, watching.connection_.root(), XCB_DAMAGE_REPORT_LEVEL_DELTA_RECTANGLES);
    armed_at_ = xcb_damage_subtract(raw, damage_, XCB_NONE, XCB_NONE).sequence;
    watching_.watches_.push_back(this);
}

Watch::~Watch() {
    std::erase(watching_.watches_, this);
    xcb_damage_destroy(watching_.connection_.raw(), damage_);
}

void Watch::note(const xcb_damage_notify_event_t& event) {
    const auto now = Clock::now();
    if (!stale_since_) stale_since_ = now;
    if (reports_.size() < most_reports)
        reports_.push_back({now, region_of(event)});
    else
        reports_.back() = {now, enclosing(reports_.back().where, region_of(event))};
}

void Watch::renew() {
    stale_since_.reset();
    xcb_damage_subtract(watching_.connection_.raw(), damage_, XCB_NONE, XCB_NONE);
    watching_.connection_.flush();
}

void Watch::take_reports(Settling& settling) {
    for (const auto& report : reports_)
        if (settling.changed(report.when, report.where))
            region_ = region_ ? enclosing(*region_, report.where) : report.where;
    reports_.clear();
}

void Watch::catch_up() {
    Settling settling{Clock::now(), {}};
    take_reports(settling);
}

Task<Observed> Watch::settle(SettleTimes times, std::function<Task<>()> meanwhile, Loading* loading) {
    if (loading) loading->on_change([&gate = watching_.changed_] { gate.notify_all(); });
    Settling settling{Clock::now(), times};
    int preparations = meanwhile && times.quiet >= 2 * rest_before_work ? most_preparations : 0;
    std::optional<Time> prepared_for;
    while (true) {
        if (!watching_.connection_.is_alive()) throw x11::display_is_gone();
        take_reports(settling);
        if (loading) settling.set_loading(loading->state());
        const auto now = Clock::now();
        if (const auto observed = settling.judge(now)) co_return *observed;
        if (stale_since_ && now >= *stale_since_ + renewal_time) {
            renew();
            // Reports may have come with it.
            continue;
        }
        const auto change = settling.last_change();
        const bool may_prepare = preparations > 0 && change && prepared_for != change;
        if (may_prepare && now >= *change + rest_before_work) {
            prepared_for = change;
            --preparations;
            co_await meanwhile();
            continue;
        }
        auto next = settling.due();
        if (stale_since_) next = std::min(next, *stale_since_ + renewal_time);
        if (may_prepare) next = std::min(next, *change + rest_before_work);
        co_await watching_.changed_.wait_for(next - now);
    }
}

}  // namespace carrel::desk::screen
