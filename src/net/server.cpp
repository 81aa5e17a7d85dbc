#include "net/server.hpp"

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <list>
#include <utility>
#include <vector>

#include "async/gate.hpp"
#include "async/scope.hpp"
#include "core/id.hpp"
#include "net/connection.hpp"
#include "net/limits/crowd.hpp"
#include "net/listener.hpp"

namespace carrel::net {

namespace {

using namespace std::chrono_literals;

/// How often limits of time are checked: four times within the shortest, but once a second at most.
async::Duration tick_of(const ServerLimits& limits) {
    const auto shortest = std::min({limits.header_time, limits.idle_time, limits.body_idle_time});
    return std::clamp<async::Duration>(shortest / 4, 5ms, 1s);
}

/// So many times as long as usual is the pause at most, while nothing happens on any connection.
constexpr int longest_rest = 30;

struct Entry {
    Entry(async::Executor executor, std::unique_ptr<Connection> made)
        : connection{std::move(made)}, job{std::move(executor), "a connection", connection->serve()} {}
    std::unique_ptr<Connection> connection;
    async::Job job;
    bool was_sending_to_nobody = false;
    bool is_leaving = false;  ///< it was closed in another's place
};

}  // namespace

struct Server::State {
    State(async::Executor loop, Handler& handler, ServerLimits limits)
        : executor{loop},
          shared{handler, limits, core::random_hex(6), std::make_shared<Rest>(loop)},
          changed{loop} {}

    Task<> accept_all(Listener& listener) {
        for (;;) add(co_await listener.accept());
    }

    void add(Listener::Arrival arrival) {
        sweep_ended();
        const auto verdict = make_room(arrival.peer);
        if (verdict == Admission::Verdict::dropped) return;
        entries.emplace_back(executor, std::make_unique<Connection>(
                                           shared, executor, std::move(arrival.socket),
                                           std::move(arrival.peer), verdict == Admission::Verdict::told));
        shared.rest->end();
        changed.notify_all();
    }

    /// Closes whose place the newcomer gets, if anybody's.
    Admission::Verdict make_room(const Peer& newcomer) {
        std::vector<Guest> guests;
        std::vector<Entry*> guest_entries;
        guests.reserve(entries.size());
        guest_entries.reserve(entries.size());
        for (auto& entry : entries) {
            if (entry.is_leaving) continue;
            const auto& connection = *entry.connection;
            guests.push_back({connection.peer().network, connection.is_stranger(), connection.may_leave(),
                              connection.idle_since()});
            guest_entries.push_back(&entry);
        }
        const auto& limits = shared.limits;
        const auto admission = admit(
            guests, newcomer.network,
            {.all = limits.connections, .of_one = limits.connections_of_one, .strangers = limits.strangers});
        if (admission.leaves) {
            guest_entries[*admission.leaves]->is_leaving = true;
            guest_entries[*admission.leaves]->job.cancel();
        }
        return admission.verdict;
    }

    void sweep_ended() {
        std::erase_if(entries, [](const Entry& entry) { return !entry.job.is_running(); });
    }

    /// Runs only while there are connections, and rests while nothing happens on them: an idle server wakes
    /// nobody.
    Task<> check_connections() {
        const auto tick = tick_of(shared.limits);
        for (bool was_quiet = false;;) {
            while (entries.empty()) co_await changed.wait();
            if (!was_quiet) co_await async::pause(tick);
            sweep_ended();
            const auto now = Wire::Clock::now();
            for (auto& entry : entries) check(entry, now);
            was_quiet = co_await rest(now, tick);
        }
    }

    /// Until something happens on a connection, or a limit of time may have passed. Limits that a running
    /// request sets itself are met at the end of the longest rest at the latest. Whether nothing happened.
    Task<bool> rest(Wire::Clock::time_point now, async::Duration tick) {
        auto until = now + longest_rest * tick;
        for (auto& entry : entries) {
            const auto deadline = entry.connection->deadline();
            // There is a second look to come, something to be swept, or a limit that passed just now.
            if (entry.was_sending_to_nobody || !entry.job.is_running() || deadline <= now) co_return false;
            entry.connection->watch_client();
            until = std::min(until, deadline);
        }
        shared.rest->is_on = true;
        while (shared.rest->is_on && co_await shared.rest->over.wait_for(until - Wire::Clock::now()));
        co_return std::exchange(shared.rest->is_on, false);
    }

    /// Twice in a row, so that a client which only closed its sending side gets a short answer whole.
    static void check(Entry& entry, Wire::Clock::time_point now) {
        entry.connection->check_time(now);
        const bool is_alone = entry.connection->is_sending_to_nobody();
        if (is_alone && entry.was_sending_to_nobody) entry.job.cancel();
        entry.was_sending_to_nobody = is_alone;
    }

    async::Executor executor;
    Shared shared;
    async::Gate changed;
    std::list<Listener> listeners;
    std::list<Entry> entries;
};

Server::Server(async::Executor executor, Handler& handler, ServerLimits limits)
    : state_{std::make_unique<State>(std::move(executor), handler, limits)} {}

Server::~Server() = default;

void Server::listen_tcp(const std::string& address, std::uint16_t port) {
    listen_fd(listen_at(address, port));
}

void Server::listen_fd(core::Fd socket) {
    state_->listeners.emplace_back(state_->executor, std::move(socket));
}

std::uint16_t Server::port() const {
    const auto place =
        std::ranges::find_if(state_->listeners, [](const auto& each) { return each.port() != 0; });
    return place == state_->listeners.end() ? 0 : place->port();
}

std::size_t Server::connections() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(state_->entries, [](const Entry& entry) { return entry.job.is_running(); }));
}

Task<> Server::run() {
    async::Scope scope{state_->executor};
    for (auto& listener : state_->listeners)
        scope.start("accepting connections", state_->accept_all(listener));
    scope.start("checking connections", state_->check_connections());
    async::Gate cancelled{state_->executor};
    std::exception_ptr failure;
    try {
        for (;;) co_await cancelled.wait();
    } catch (...) {
        failure = std::current_exception();
    }
    // From here on nothing may be cut short: what runs uses this server.
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    co_await scope.close();
    state_->listeners.clear();
    for (auto& entry : state_->entries) entry.job.cancel();
    for (auto& entry : state_->entries) {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
        co_await entry.job.close();
    }
    state_->entries.clear();
    std::rethrow_exception(failure);
}

}  // namespace carrel::net
