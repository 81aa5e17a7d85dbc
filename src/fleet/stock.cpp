// Warm desks: made ahead behind people's own requests, frozen, and given to whoever asks first.
#include <algorithm>
#include <utility>

#include "async/all.hpp"
#include "core/log.hpp"
#include "fleet/desk_client.hpp"
#include "fleet/fleet.hpp"
#include "json/parse.hpp"

namespace carrel::fleet {

namespace {

using store::DeskState;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t most_picture_bytes = std::size_t{32} << 20;

/// Runs `task`; what it throws is in `failure` and not thrown.
Task<> keep_failure(Task<> task, std::exception_ptr& failure) {
    try {
        co_await std::move(task);
    } catch (...) {
        failure = std::current_exception();
    }
}

/// Whether a warm desk can be made into what is asked for.
bool can_become(const core::DeskShape& warm, const core::DeskShape& wanted) {
    const bool has_network = warm.network == wanted.network || wanted.network == core::Network::none;
    // How much it may write is decided when it is made.
    return warm.image == wanted.image && has_network && warm.limits.disk == wanted.limits.disk;
}

/// What of a warm desk has to be otherwise for its owner; nothing when all is right.
std::optional<DeskChange> change_for(const core::DeskShape& warm, const store::DeskRow& row) {
    DeskChange change;
    if (row.shape.limits != warm.limits) change.limits = row.shape.limits;
    if (row.shape.network != warm.network) change.network = row.shape.network;
    change.workspace = workspace_of(row);
    const bool is_needed = change.limits || change.network || change.workspace;
    return is_needed ? std::optional{std::move(change)} : std::nullopt;
}

}  // namespace

// --- keeping them ------------------------------------------------------------------------------------

void Fleet::note_pool_change() {
    ++pool_changes_;
    pools_changed_.notify_all();
}

Fleet::Pool* Fleet::find_pool(const std::string& image) {
    const auto found =
        std::ranges::find_if(pools_, [&](const Pool& pool) { return pool.options.shape.image == image; });
    return found == pools_.end() ? nullptr : &*found;
}

std::vector<Fleet::MemberPtr> Fleet::stock_of(const std::string& image) const {
    std::vector<MemberPtr> stock;
    for (const auto& [id, member] : members_)
        if (member->is_warm() && !member->is_ending && member->row.shape.image == image)
            stock.push_back(member);
    return stock;
}

std::vector<PoolState> Fleet::pools() const {
    std::vector<PoolState> states;
    for (const auto& pool : pools_) {
        const auto stock = stock_of(pool.options.shape.image);
        const auto ready = static_cast<std::size_t>(std::ranges::count_if(stock, &Member::is_ready));
        states.push_back({.image = pool.options.shape.image,
                          .bounds = pool.options.bounds,
                          .ready = ready,
                          .making = stock.size() - ready,
                          .wanted = pool.demand.want(Clock::now())});
    }
    return states;
}

Task<> Fleet::keep_pools() {
    while (!are_pools_closed_) {
        const auto seen = pool_changes_;
        // To look for a newer image costs as much as a desk's taking: not with each of these.
        const bool shall_look = std::exchange(may_be_outdated_, false);
        for (auto& pool : pools_) {
            try {
                co_await keep_pool(pool, shall_look);
            } catch (...) {
                if (async::is_cancellation(std::current_exception())) throw;
                pool.not_before = Clock::now() + options_.pool_interval;
                core::log_error("the pool of {} cannot be kept now: {}", pool.options.shape.image,
                                core::message_of(std::current_exception()));
            }
        }
        if (seen == pool_changes_ && !co_await pools_changed_.wait_for(options_.pool_interval))
            may_be_outdated_ = true;
        // What woke us was most likely a desk that was taken: its owner's answer goes first.
        co_await async::yield_turn();
    }
}

Task<> Fleet::keep_pool(Pool& pool, bool shall_look) {
    const auto& shape = pool.options.shape;
    auto stock = stock_of(shape.image);
    for (const auto& member : stock)
        // A newer image or program has come, or another default.
        if (shall_look && member->is_warm() && member->is_ready && !member->is_ending &&
            !(driver_.is_current(*member->desk) && member->row.shape == shape))
            co_await end(member, nullptr);
    while (!are_pools_closed_ && Clock::now() >= pool.not_before) {
        // Behind people's own requests.
        while (asking_ > 0 && !are_pools_closed_) co_await pools_changed_.wait();
        if (are_pools_closed_) break;
        stock = stock_of(shape.image);
        if (stock.size() >= pool.demand.want(Clock::now())) break;
        try {
            co_await make_warm(shape);
        } catch (const core::Error& error) {
            pool.not_before = Clock::now() + options_.pool_interval;
            core::log_warning("a desk for the pool of {} could not be made: {}", shape.image,
                              error.message());
        }
    }
    for (auto surplus = stock_of(shape.image); surplus.size() > pool.demand.want(Clock::now());) {
        const auto member = surplus.back();
        surplus.pop_back();
        // Somebody may have taken it while the one before it was ended.
        if (member->is_warm() && member->is_ready && !member->is_ending) co_await end(member, nullptr);
    }
}

Task<> Fleet::make_warm(const core::DeskShape& shape) {
    const auto member = enroll(new_row(shape));
    Timings timings;
    co_await make(member, {}, nullptr, timings);
    std::exception_ptr failure;
    try {
        co_await warm_up(member);
    } catch (...) {
        failure = std::current_exception();
    }
    if (async::is_cancellation(failure)) std::rethrow_exception(failure);
    if (failure) throw co_await clear_failed(member, error_from(failure));
    member->is_ready = true;
    member->changed.notify_all();
    watch_end(member);
}

/// What its first user would wait for: the first picture comes when the panel stands, and what makes it
/// allocates what it needs.
Task<> Fleet::warm_up(MemberPtr member) {
    const auto answer = co_await ask_desk(*member->desk->endpoint(), {.target = "/screen/screenshot",
                                                                      .accept = "image/png",
                                                                      .most_bytes = most_picture_bytes,
                                                                      .limit = options_.patience.ready});
    const bool has_no_display = answer.status == 409;
    if (answer.status != 200 && !has_no_display) throw error_of(answer);
    // Committed before it is frozen: what a later server finds is frozen again, or removed.
    co_await store_.run(state_change(member->row, DeskState::warm, {}));
    member->row.state = DeskState::warm;
    co_await put_to_rest(member);
}

/// Where the host cannot freeze it stays awake.
Task<> Fleet::put_to_rest(MemberPtr member) {
    if (capabilities_.can_freeze) co_await member->desk->freeze();
}

// --- giving them away --------------------------------------------------------------------------------

Fleet::MemberPtr Fleet::take_warm(const core::DeskShape& shape) {
    for (const auto& [id, member] : members_) {
        if (!member->is_warm() || !member->is_ready || member->is_ending) continue;
        if (!can_become(member->row.shape, shape)) continue;
        if (!driver_.is_current(*member->desk)) {
            may_be_outdated_ = true;
            continue;
        }
        member->is_ready = false;  // until it is handed over
        member->is_being_handed_over = true;
        return member;
    }
    return nullptr;
}

/// Nothing when the desk turned out to be no good, although its new owner is committed.
Task<std::optional<Started>> Fleet::start_warm(MemberPtr member, DeskWish wish, Along along) {
    auto& row = member->row;
    row.session_id = wish.session_id;
    row.principal = wish.principal;
    const auto was = std::exchange(row.shape, wish.shape);
    if (row.shape.width != was.width || row.shape.height != was.height) {
        wish.beginning.width = row.shape.width;
        wish.beginning.height = row.shape.height;
    }
    row.state = DeskState::starting;
    member->place = wish.place;
    desk_of_session_[row.session_id] = row.id;
    Timings timings;
    bool is_committed = false;
    std::exception_ptr failure;
    try {
        auto change = change_for(was, row);
        const bool needs_more = change || !wish.beginning.is_empty();
        co_await hand_over(member, needs_more, std::move(along), timings, is_committed);
        if (change) co_await member->desk->change(std::move(*change));
        co_await member->begin(std::move(wish.beginning), options_.patience, timings);
        // Until then it is marked, and a server that is cut gives it up: its owner must not have been
        // answered.
        if (needs_more) co_await store_.run(state_change(row, DeskState::ready, {}));
        if (member->ending) throw core::Error{core::Code::unavailable, member->ending->reason};
    } catch (...) {
        failure = std::current_exception();
    }
    if (async::is_cancellation(failure)) std::rethrow_exception(failure);
    if (failure) {
        const auto error = co_await clear_failed(member, error_from(failure));
        // What its owner wishes and cannot have, no other desk has either.
        if (!is_committed || error.code() == core::Code::invalid) throw core::Error{error};
        co_return std::nullopt;
    }
    member->is_being_handed_over = false;
    enter(member);
    co_return Started{row, std::move(timings), true};
}

/// Its row names the new owner before anything of his is in it: a server that ends in between leaves nobody
/// else a desk that was his.
Task<> Fleet::hand_over(MemberPtr member, bool needs_more, Along along, Timings& timings,
                        bool& is_committed) {
    const auto began = Clock::now();
    // Until it is as its owner asked for it is marked: a server that is cut in between does not take it over.
    auto row = member->row;
    row.state = needs_more ? DeskState::starting : DeskState::ready;
    auto commit = [along = std::move(along), row, told = state_change(row, row.state, {}),
                   needs_more](store::Transaction& t) {
        if (along) along(t);
        t.set_desk_owner(row);
        told(t);
        if (needs_more) t.set_desk_state(row.id, row.state, still_beginning, "");
    };
    std::exception_ptr not_committed;
    std::exception_ptr not_thawed;
    std::vector<Task<>> both;
    both.push_back(keep_failure(store_.run(std::move(commit)), not_committed));
    if (capabilities_.can_freeze) both.push_back(keep_failure(member->desk->thaw(), not_thawed));
    co_await async::all("handing over " + row.id, std::move(both));
    is_committed = !not_committed;
    if (not_committed) std::rethrow_exception(not_committed);
    if (not_thawed) std::rethrow_exception(not_thawed);
    timings.emplace_back("take", Clock::now() - began);
}

}  // namespace carrel::fleet
