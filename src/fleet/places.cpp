#include "fleet/places.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace carrel::fleet {

namespace {

using core::Code;
using core::Error;

struct Sum {
    unsigned desks = 0;
    std::uint64_t memory = 0;
    double cpus = 0;

    void add(const core::Limits& limits) {
        ++desks;
        memory += limits.memory;
        cpus += limits.cpus;
    }
};

constexpr std::chrono::seconds longest_hold_up{60};

constexpr double mebibytes(std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

/// What of `caps` the sum goes beyond, in words; empty when nothing.
std::string what_exceeds(const Sum& sum, const Caps& caps) {
    // Sums of hundredths: a billionth more is no more.
    constexpr double dust = 1e-6;
    if (caps.desks != 0 && sum.desks > caps.desks) return fmt::format("{} desks", caps.desks);
    if (caps.memory != 0 && sum.memory > caps.memory)
        return fmt::format("{:.0f} MiB of memory for desks", mebibytes(caps.memory));
    if (caps.cpus != 0 && sum.cpus > caps.cpus + dust)
        return fmt::format("{:g} processors for desks", caps.cpus);
    return {};
}

Error server_is_full(const std::string& what) {
    return {Code::exhausted,
            fmt::format("all {} of this server are in use: end a session, wait (wait_seconds), or raise the "
                        "server's limits",
                        what),
            "no_free_desk"};
}

Error principal_is_full(const std::string& principal, const std::string& what) {
    return {
        Code::exhausted,
        fmt::format("{} may have {} and has them: end a session, or wait (wait_seconds)", principal, what),
        "quota_reached"};
}

}  // namespace

Places::Places(async::Executor executor, Caps of_all, CapsOf of_one)
    : of_all_{of_all}, of_one_{std::move(of_one)}, ledger_{std::make_shared<Ledger>()}, changed_{executor} {
    ledger_->when_freed = [this] { serve(); };
}

Places::~Places() { ledger_->when_freed = nullptr; }

Place Places::hold(Need need) {
    const auto entry = ledger_->held.insert(ledger_->held.end(), std::move(need));
    return {&*entry, [ledger = ledger_, entry](const Need*) {
                ledger->held.erase(entry);
                if (ledger->when_freed) ledger->when_freed();
            }};
}

std::optional<Error> Places::why_not(const Need& need) const {
    Sum all;
    Sum own;
    for (const auto& held : ledger_->held) {
        all.add(held.limits);
        if (held.principal == need.principal) own.add(held.limits);
    }
    all.add(need.limits);
    own.add(need.limits);
    const auto caps = of_one_ ? of_one_(need.principal) : Caps{};
    if (const auto what = what_exceeds(own, caps); !what.empty())
        return principal_is_full(need.principal, what);
    if (const auto what = what_exceeds(all, of_all_); !what.empty()) return server_is_full(what);
    return std::nullopt;
}

std::optional<Error> Places::why_never(const Need& need) const {
    Sum alone;
    alone.add(need.limits);
    const auto refuse = [](const std::string& whose, const std::string& what) {
        return Error{Code::invalid, fmt::format("this desk alone is more than {} may have: {}", whose, what),
                     "desk_too_large"};
    };
    if (of_one_)
        if (const auto what = what_exceeds(alone, of_one_(need.principal)); !what.empty())
            return refuse(need.principal, what);
    if (const auto what = what_exceeds(alone, of_all_); !what.empty())
        return refuse("all desks of this server", what);
    return std::nullopt;
}

/// For a while only: who asks for nearly all there is would keep everybody from desks for as long as he
/// likes.
bool Places::may_hold_up(const Waiting& waiting) {
    return std::chrono::steady_clock::now() - waiting.waiter.since < longest_hold_up;
}

bool Places::is_held_up() const {
    return std::ranges::any_of(line_, [&](const Waiting* waiting) {
        const auto full = waiting->place || !may_hold_up(*waiting) ? std::nullopt : why_not(waiting->need);
        return full && full->reason() == "no_free_desk";
    });
}

Place Places::take(Need need) {
    if (auto never = why_never(need)) throw std::move(*never);
    if (auto full = why_not(need)) throw std::move(*full);
    if (is_held_up()) throw server_is_full("places");
    return hold(std::move(need));
}

Place Places::take_over(Need need) { return hold(std::move(need)); }

Task<Place> Places::wait_for(Need need, std::string session, std::chrono::milliseconds limit,
                             std::function<void(std::size_t)> tell) {
    if (auto never = why_never(need)) throw std::move(*never);
    if (!why_not(need) && !is_held_up()) co_return hold(std::move(need));
    if (closed_) throw Error{*closed_};
    const auto now = std::chrono::steady_clock::now();
    Waiting waiting{.waiter = {.number = ++last_number_,
                               .principal = need.principal,
                               .session = std::move(session),
                               .since = now},
                    .need = std::move(need),
                    .tell = std::move(tell),
                    .place = {}};
    struct InLine {
        InLine(Places& places_, Waiting& waiting_) : places{places_}, waiting{waiting_} {
            places.line_.push_back(&waiting);
            places.tell_positions();
        }
        ~InLine() {
            std::erase(places.line_, &waiting);
            places.serve();
            if (places.line_.empty()) places.changed_.notify_all();
        }
        InLine(const InLine&) = delete;
        InLine& operator=(const InLine&) = delete;
        Places& places;
        Waiting& waiting;
    };
    const InLine in_line{*this, waiting};
    const auto until = now + limit;
    while (!waiting.place) {
        if (waiting.is_dropped)
            throw Error{Code::conflict, "the session was ended while it waited for a desk", "session_ended"};
        if (closed_) throw Error{*closed_};
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        if (left.count() <= 0) throw why_not(waiting.need).value_or(server_is_full("places"));
        co_await changed_.wait_for(left);
    }
    co_return std::move(waiting.place);
}

/// The principal whose turn was longest ago comes first, with its oldest; then the others, and so on round.
std::vector<Places::Waiting*> Places::in_order() const {
    std::vector<Waiting*> left;
    for (auto* waiting : line_)
        if (!waiting->place && !waiting->is_dropped) left.push_back(waiting);
    auto turns = last_served_;
    auto turn = last_turn_;
    std::vector<Waiting*> order;
    while (!left.empty()) {
        const auto next = std::ranges::min_element(left, {}, [&](const Waiting* waiting) {
            const auto found = turns.find(waiting->need.principal);
            return std::pair{found == turns.end() ? 0 : found->second, waiting->waiter.number};
        });
        turns[(*next)->need.principal] = ++turn;
        order.push_back(*next);
        left.erase(next);
    }
    return order;
}

/// Whoever fits now gets a place; one who does not, for his own limit's sake, holds nobody up.
void Places::serve() {
    bool is_served = false;
    for (auto* waiting : in_order()) {
        if (const auto full = why_not(waiting->need)) {
            // A small desk behind a large one would keep the large one waiting for ever.
            if (full->reason() == "no_free_desk" && may_hold_up(*waiting)) break;
            continue;
        }
        waiting->place = hold(waiting->need);
        last_served_[waiting->need.principal] = ++last_turn_;
        is_served = true;
    }
    if (line_.empty()) last_served_.clear();
    tell_positions();
    if (is_served) changed_.notify_all();
}

void Places::tell_positions() {
    std::size_t position = 0;
    for (auto* waiting : in_order()) {
        waiting->waiter.position = ++position;
        if (std::exchange(waiting->told, position) != position && waiting->tell) waiting->tell(position);
    }
}

Task<> Places::close_line(Error why) {
    closed_ = std::move(why);
    changed_.notify_all();
    while (!line_.empty()) co_await changed_.wait();
}

void Places::drop(const std::string& session) {
    for (auto* waiting : line_)
        if (waiting->waiter.session == session) waiting->is_dropped = true;
    changed_.notify_all();
}

std::optional<Waiter> Places::find(const std::string& session) const {
    // Asked for every session of a list: where each stands is known, and needs no order made anew.
    for (const auto* waiting : line_)
        if (waiting->waiter.session == session && !waiting->place && !waiting->is_dropped)
            return waiting->waiter;
    return std::nullopt;
}

std::vector<Waiter> Places::waiting() const {
    std::vector<Waiter> waiters;
    for (const auto* waiting : in_order()) waiters.push_back(waiting->waiter);
    return waiters;
}

std::size_t Places::held_by(const std::string& principal) const {
    return static_cast<std::size_t>(std::ranges::count(ledger_->held, principal, &Need::principal));
}

}  // namespace carrel::fleet
