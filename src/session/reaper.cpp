#include "session/reaper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/log.hpp"
#include "fleet/desk_client.hpp"
#include "json/parse.hpp"

namespace carrel::session {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto shortest_pause = 100ms;
/// A desk is looked at at least so often within its limit.
constexpr int looks_in_limit = 10;
constexpr std::size_t most_list_bytes = std::size_t{1} << 20;

std::string in_words(std::chrono::seconds time) {
    if (time >= 2h) return fmt::format("{} hours", time / 1h);
    if (time >= 2min) return fmt::format("{} minutes", time / 1min);
    return fmt::format("{} seconds", time.count());
}

/// The process of the list that uses most; nothing when the desk's answer is none.
std::optional<BusyProcess> busiest_of(std::string_view answer) {
    const auto value = json::parse(answer, 8);
    const auto* list = value ? json::find(*value, "processes") : nullptr;
    if (!list || !list->is_array()) return std::nullopt;
    BusyProcess busiest;
    for (const auto& process : list->get_array()) {
        const auto* percent = json::find(process, "cpu_percent");
        const auto* pid = json::find(process, "pid");
        if (!percent || !percent->is_number() || !pid || !pid->is_int64()) continue;
        const auto cores = percent->to_number<double>() / 100;
        if (cores > busiest.cores)
            busiest = {static_cast<int>(pid->get_int64()),
                       std::string{json::text_or(process, "name")}.substr(0, 64), cores};
    }
    return busiest.cores > 0 ? std::optional{busiest} : std::nullopt;
}

}  // namespace

Reaper::Reaper(Surroundings around, LifetimeRules rules, End end)
    : around_{around},
      rules_{rules},
      end_{std::move(end)},
      pause_{rules.interval},
      changed_{around.executor},
      looked_{around.executor},
      began_{around.clock.now()},
      began_steady_{Clock::now()} {}

Task<> Reaper::run() {
    while (!is_stopped_) {
        try {
            co_await look();
        } catch (const core::Error& error) {
            core::log_warning("desks that nobody uses cannot be looked after now: {}", error.message());
        }
        if (!std::exchange(is_hurried_, false) && !is_stopped_) co_await changed_.wait_for(pause_);
    }
}

void Reaper::expect(const store::Lifetime& lifetime) {
    if (pause_within(lifetime, rules_.interval) >= pause_) return;
    is_hurried_ = true;
    changed_.notify_all();
}

std::chrono::milliseconds Reaper::pause_within(const store::Lifetime& lifetime,
                                               std::chrono::milliseconds pause) const {
    for (const std::chrono::milliseconds limit :
         {lifetime.idle.value_or(rules_.idle), lifetime.max_age.value_or(rules_.max_age), rules_.most_asleep})
        if (limit.count() > 0)
            pause =
                std::min(pause, std::max<std::chrono::milliseconds>(limit / looks_in_limit, shortest_pause));
    return pause;
}

Task<> Reaper::look() {
    // One at a time: each holds on to what it knows of a desk while it asks the desk.
    while (is_looking_) co_await looked_.wait();
    is_looking_ = true;
    struct Done {
        Reaper& reaper;
        ~Done() {
            reaper.is_looking_ = false;
            reaper.looked_.notify_all();
        }
    } const done{*this};
    auto rows = co_await around_.store.run([](store::Transaction& t) { return t.living_sessions(); });
    std::set<std::string> living;
    for (const auto& row : rows) {
        if (is_stopped_) co_return;
        living.insert(row.id);
        try {
            co_await look_at(row);
        } catch (const core::Error& error) {
            // One whose end cannot be stored keeps nobody else from being looked after.
            core::log_warning("session {} cannot be looked after now: {}", row.id, error.message());
        }
    }
    for (auto watched = watched_.begin(); watched != watched_.end();)
        if (living.contains(watched->first)) {
            ++watched;
        } else {
            around_.uses.forget(watched->first);
            watched = watched_.erase(watched);
        }
    pause_ = pause_for(rows);
}

std::chrono::milliseconds Reaper::pause_for(const std::vector<store::SessionRow>& rows) const {
    auto pause = rules_.interval;
    for (const auto& row : rows) {
        pause = pause_within(row.lifetime, pause);
        const auto found = watched_.find(row.id);
        if (found != watched_.end() && found->second.warned)
            pause = std::min(
                pause, std::max<std::chrono::milliseconds>(rules_.grace / looks_in_limit, shortest_pause));
    }
    return pause;
}

Task<> Reaper::look_at(store::SessionRow row) {
    const auto* desk = around_.fleet.find_desk(row.id);
    // One whose desk has ended grows old as well. One that waits for its first desk is not there yet.
    if (desk ? !around_.fleet.is_well(row.id) : row.desk.id.empty()) co_return;
    const auto [place, is_new] = watched_.try_emplace(row.id);
    auto& watched = place->second;
    const auto now = Clock::now();
    if (is_new) {
        watched.first_seen = now;
        const auto last = around_.uses.last(row.id);
        watched.last_active = last == Time{} ? now : last;
        watched.age_then = around_.clock.now() - row.created_at;
    }
    if (!desk) {
        co_await end_if_old(row, watched);
        co_return;
    }
    const auto state = desk->state;
    if (state == store::DeskState::ready) co_await measure(row.id, watched);
    // As it is after that question.
    if (!signs_of_use(row.id).empty() || !watched.work.empty()) watched.last_active = Clock::now();
    watched.last_active = last_active(row.id, watched);
    co_await act(row, watched, state);
}

Reaper::Time Reaper::last_active(const std::string& session, const Watched& watched) const {
    return std::max(watched.last_active, around_.uses.last(session));
}

std::vector<std::string> Reaper::signs_of_use(const std::string& session) const {
    return reasons_of({.viewers = around_.viewers.of(session),
                       .uses = around_.uses.count(session),
                       .has_turn = around_.turns.is_busy(session),
                       .work = {},
                       .process = {}});
}

Task<> Reaper::measure(const std::string& session, Watched& watched) {
    const auto usage = co_await around_.fleet.usage(session);
    const auto now = Clock::now();
    watched.work.clear();
    if (usage && watched.usage) {
        Signs signs{.viewers = {},
                    .work = work_between(*watched.usage, *usage, now - watched.measured),
                    .process = {}};
        if (signs.work.cores > idle_work.cores) signs.process = co_await find_busiest(session);
        watched.work = reasons_of(signs);
    }
    watched.usage = usage;
    watched.measured = now;
}

/// Whose word it is does not matter: it is only shown.
Task<std::optional<BusyProcess>> Reaper::find_busiest(std::string session) {
    const auto endpoint = around_.fleet.find_endpoint(session);
    if (!endpoint) co_return std::nullopt;
    try {
        const auto answer = co_await fleet::ask_desk(
            *endpoint, {.target = "/process/list", .most_bytes = most_list_bytes, .limit = 2s});
        co_return answer.status == 200 ? busiest_of(answer.body) : std::nullopt;
    } catch (const core::Error&) {
        co_return std::nullopt;
    }
}

Task<bool> Reaper::end_if_old(const store::SessionRow& row, Watched& watched) {
    const auto max_age = row.lifetime.max_age.value_or(rules_.max_age);
    const auto age = watched.age_then + (Clock::now() - watched.first_seen);
    if (max_age.count() == 0 || age < max_age - rules_.grace) co_return false;
    co_await end_after_grace(row, watched, "max_age",
                             fmt::format("the session is as old as it may be ({})", in_words(max_age)));
    co_return true;
}

Task<> Reaper::act(const store::SessionRow& row, Watched& watched, store::DeskState state) {
    if (co_await end_if_old(row, watched)) co_return;
    const auto now = Clock::now();
    const bool was_left = state == store::DeskState::asleep && rules_.most_asleep.count() > 0 &&
                          now - watched.last_active >= rules_.most_asleep;
    if (was_left)
        co_return co_await end_after_grace(
            row, watched, "idle",
            fmt::format("its desk sleeps, and nobody has used it for {}", in_words(rules_.most_asleep)));
    const auto idle = row.lifetime.idle.value_or(rules_.idle);
    const bool is_idle =
        idle.count() > 0 && now - watched.last_active >= idle && state == store::DeskState::ready;
    if (!is_idle) {
        if (watched.warned)
            around_.store.post([id = row.id, text = json::to_text(json::Object{
                                                 {"code", "end_called_off"},
                                                 {"message", "the desk is used again: its session goes on"},
                                                 {"timestamp", core::to_rfc3339(around_.clock.now())}})](
                                   store::Transaction& t) { t.append_event(id, "status", text); });
        watched.warned.reset();
        co_return;
    }
    const auto on_idle = row.lifetime.on_idle.value_or(rules_.on_idle);
    if (on_idle == store::OnIdle::destroy)
        co_return co_await end_after_grace(row, watched, "idle",
                                           fmt::format("nobody has used the desk for {}", in_words(idle)));
    co_await rest(row, watched.last_active, on_idle == store::OnIdle::sleep, in_words(idle));
}

Task<> Reaper::rest(const store::SessionRow& row, Time seen, bool sleeps, std::string_view idle) {
    // Sleep ends what whoever comes now would use.
    const auto is_unused = [this, id = row.id, seen] {
        return signs_of_use(id).empty() && around_.uses.last(id) <= seen;
    };
    try {
        sleeps = sleeps && around_.fleet.can_sleep(row.id);
        co_await (sleeps ? around_.fleet.sleep(row.id, is_unused)
                         : around_.fleet.freeze(row.id, store::DeskState::frozen, nullptr));
        core::log_info("desk {} {}: nobody has used it for {}", row.desk.id, sleeps ? "sleeps" : "is frozen",
                       idle);
    } catch (const core::Error& error) {
        core::log_debug("desk {} does not rest: {}", row.desk.id, error.message());
    }
}

Task<> Reaper::end_after_grace(const store::SessionRow& row, Watched& watched, std::string what,
                               std::string why) {
    const auto now = Clock::now();
    if (!watched.warned || watched.warned_of != what) {
        watched.warned = now;
        watched.warned_of = what;
        const json::Object data{{"code", "ending_soon"},
                                {"message", fmt::format("{}: it ends in {}", why, in_words(rules_.grace))},
                                {"why", what},
                                {"seconds_left", rules_.grace.count()},
                                {"timestamp", core::to_rfc3339(around_.clock.now())}};
        around_.store.post([id = row.id, text = json::to_text(data)](store::Transaction& t) {
            t.append_event(id, "status", text);
        });
        if (rules_.grace.count() > 0) co_return;
    }
    if (now - *watched.warned < rules_.grace) co_return;
    core::log_info("session {} ends: {}", row.id, why);
    co_await end_(row.id, what, why);
}

Rest Reaper::rest_of(const std::string& session) const {
    const auto found = watched_.find(session);
    if (!around_.fleet.is_well(session)) return {};
    Rest rest{.idle_since = {}, .awake = signs_of_use(session)};
    auto since = around_.uses.last(session);
    if (found != watched_.end()) {
        rest.awake.insert(rest.awake.end(), found->second.work.begin(), found->second.work.end());
        since = last_active(session, found->second);
    }
    if (rest.awake.empty() && since != Time{})
        rest.idle_since =
            began_ + std::chrono::duration_cast<std::chrono::milliseconds>(since - began_steady_);
    return rest;
}

Task<std::size_t> Reaper::end_idle(std::chrono::seconds max_idle) {
    co_await look();
    std::vector<std::string> idle;
    for (const auto& [session, watched] : watched_)
        if (watched.work.empty() && signs_of_use(session).empty() &&
            Clock::now() - last_active(session, watched) >= max_idle)
            idle.push_back(session);
    std::size_t count = 0;
    for (const auto& session : idle) {
        // Somebody may have come while the others were ended.
        const auto found = watched_.find(session);
        if (found == watched_.end() || !signs_of_use(session).empty() ||
            Clock::now() - last_active(session, found->second) < max_idle)
            continue;
        co_await end_(session, "idle", fmt::format("nobody has used the desk for {}", in_words(max_idle)));
        ++count;
    }
    co_return count;
}

}  // namespace carrel::session
