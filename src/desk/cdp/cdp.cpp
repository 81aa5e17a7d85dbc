#include "desk/cdp/cdp.hpp"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>
#include <deque>
#include <map>

#include "async/deadline.hpp"
#include "core/log.hpp"

namespace carrel::desk::cdp {

namespace {

using core::Code;
using core::Error;
using Clock = std::chrono::steady_clock;

/// While a call waits longer than the connection may rest.
constexpr std::chrono::seconds busy_rest{1};

Error browser_gone() { return {Code::unavailable, "the browser has ended", "browser_gone"}; }

Error too_large(std::string_view what) {
    return {Code::exhausted, fmt::format("{} is too large", what), "cdp_too_large"};
}

/// A call that waits for its answer.
struct Pending {
    explicit Pending(async::Executor executor) : changed{std::move(executor)} {}

    void end(std::optional<Error> with = std::nullopt) {
        failure = std::move(with);
        has_ended = true;
        changed.notify_all();
    }

    async::Gate changed;
    std::string session;
    std::string method;
    json::Value result;
    std::optional<Error> failure;
    bool has_ended = false;
};

/// What the browser itself is asked it answers at once: else it hangs.
Error not_answered(const Pending& pending, async::Duration limit) {
    const bool is_of_browser = pending.session.empty();
    return {Code::timeout,
            fmt::format("the browser did not answer {} within {} ms{}", pending.method,
                        std::chrono::duration_cast<std::chrono::milliseconds>(limit).count(),
                        is_of_browser ? ": it hangs" : ""),
            is_of_browser ? "browser_hung" : "cdp_timeout"};
}

}  // namespace

/// One connection, with what goes out and what is waited for.
struct Cdp::Link {
    Link(async::Executor loop, std::unique_ptr<CdpTransport> browser)
        : transport{std::move(browser)}, to_write{loop}, ended{loop} {}

    std::unique_ptr<CdpTransport> transport;
    std::deque<std::string> outgoing;
    std::size_t outgoing_bytes = 0;
    std::map<std::uint64_t, Pending*> pending;
    async::Gate to_write;
    async::Gate ended;
    Clock::time_point last_use = Clock::now();
    std::uint64_t last_id = 0;
    bool is_open = true;
};

Cdp::Cdp(async::Executor executor, async::Pool& pool, Connect connect, CdpLimits limits)
    : executor_{executor},
      pool_{pool},
      connect_{std::move(connect)},
      limits_{limits},
      changed_{executor},
      scope_{executor} {}

Cdp::~Cdp() { disconnect(); }

bool Cdp::is_connected() const { return link_ && link_->is_open; }

void Cdp::disconnect() {
    if (const auto link = link_) end(*link);
}

Task<> Cdp::connect() { co_await get_link(); }

Task<std::shared_ptr<Cdp::Link>> Cdp::get_link() {
    // One connects, the others wait for what becomes of it: one by one they would wait for a browser that
    // hangs.
    while (const auto attempt = attempt_) {
        while (!attempt->is_over) co_await changed_.wait();
        if (attempt->failure) throw *attempt->failure;
    }
    if (is_connected()) co_return link_;
    const auto attempt = std::make_shared<Attempt>();
    attempt_ = attempt;
    struct Leave {
        Cdp& cdp;
        ~Leave() {
            std::exchange(cdp.attempt_, nullptr)->is_over = true;
            cdp.changed_.notify_all();
        }
    } leave{*this};
    std::unique_ptr<CdpTransport> transport;
    try {
        transport = co_await async::deadline(limits_.connect_time, "connecting to the browser", connect_());
    } catch (const Error& error) {
        attempt->failure = error;
        if (error.code() == Code::timeout)
            attempt->failure =
                Error{Code::timeout, "the browser is open but does not answer: it hangs", "browser_hung"};
    }
    if (attempt->failure) throw *attempt->failure;
    const auto link = std::make_shared<Link>(executor_, std::move(transport));
    link_ = link;
    scope_.start("reading from the browser", read(link));
    scope_.start("writing to the browser", write(link));
    scope_.start("resting from the browser", rest(link));
    tell(begin_listeners_, CdpEvent{});
    co_return link;  // which may have ended already, and is then not link_
}

Task<json::Value> Cdp::call(std::string session, std::string method, json::Object params,
                            async::Duration limit) {
    const auto until = Clock::now() + limit;
    const auto link = co_await get_link();
    if (!link->is_open) throw browser_gone();
    const auto id = ++link->last_id;
    auto text = make_cdp_call(id, session, method, params);
    if (link->outgoing_bytes + text.size() > limits_.waiting_bytes)
        throw too_large("what is sent to the browser");
    Pending pending{executor_};
    pending.session = std::move(session);
    pending.method = std::move(method);
    link->pending.emplace(id, &pending);
    struct Leave {
        Link& link;
        std::uint64_t id;
        ~Leave() { link.pending.erase(id); }
    } leave{*link, id};
    link->last_use = Clock::now();
    link->outgoing_bytes += text.size();
    link->outgoing.push_back(std::move(text));
    link->to_write.notify_all();
    while (!pending.has_ended)
        if (!co_await pending.changed.wait_for(until - Clock::now()) && !pending.has_ended)
            throw not_answered(pending, limit);
    link->last_use = Clock::now();
    if (pending.failure) throw *pending.failure;
    co_return std::move(pending.result);
}

void Cdp::post(std::string_view session, std::string_view method, const json::Object& params) {
    if (!is_connected()) return;
    auto text = make_cdp_call(++link_->last_id, session, method, params);
    if (link_->outgoing_bytes + text.size() > limits_.waiting_bytes) return;
    link_->outgoing_bytes += text.size();
    link_->outgoing.push_back(std::move(text));
    link_->to_write.notify_all();
}

void Cdp::fail_session(std::string_view session, const Error& error) {
    if (!link_) return;
    for (const auto& [id, pending] : link_->pending)
        if (pending->session == session && !pending->has_ended) pending->end(error);
}

Cdp::Subscription Cdp::add_listener(Listeners& listeners, Listener listener) {
    std::erase_if(listeners, [](const auto& kept) { return kept.expired(); });
    auto kept = std::make_shared<Listener>(std::move(listener));
    listeners.push_back(kept);
    return Subscription{std::move(kept)};
}

void Cdp::tell(Listeners& listeners, const CdpEvent& event) {
    const auto now = listeners;  // a listener may subscribe others
    for (const auto& weak : now)
        if (const auto listener = weak.lock()) (*listener)(event);
}

Cdp::Subscription Cdp::subscribe(Listener listener) { return add_listener(listeners_, std::move(listener)); }

Cdp::Subscription Cdp::subscribe_to_begin(std::function<void()> listener) {
    return add_listener(begin_listeners_, [listener = std::move(listener)](const CdpEvent&) { listener(); });
}

Cdp::Subscription Cdp::subscribe_to_end(std::function<void()> listener) {
    return add_listener(end_listeners_, [listener = std::move(listener)](const CdpEvent&) { listener(); });
}

Task<CdpMessage> Cdp::parse(std::string text) {
    if (text.size() < limits_.pool_bytes) co_return core::value_or_throw(parse_cdp_message(text));
    // Big messages are parsed while the loop goes on; the next one waits, so order is kept.
    co_return co_await async::run_on(
        pool_, [text = std::move(text)] { return core::value_or_throw(parse_cdp_message(text)); });
}

Task<> Cdp::read(std::shared_ptr<Link> link) {
    try {
        while (auto received = co_await link->transport->receive()) {
            if (!link->is_open) break;
            if (received->is_cut) {
                const auto id = find_answer_id(received->text);
                const auto place = id ? link->pending.find(*id) : link->pending.end();
                if (place != link->pending.end())
                    place->second->end(too_large("the browser's answer (more than 64 MiB)"));
                continue;
            }
            take(*link, co_await parse(std::move(received->text)));
        }
    } catch (const Error& error) {
        core::log_warning("the browser's DevTools connection is given up: {}", error.message());
    }
    end(*link);
}

void Cdp::take(Link& link, CdpMessage message) {
    if (!link.is_open) return;
    if (const auto* event = std::get_if<CdpEvent>(&message)) {
        tell(listeners_, *event);
        return;
    }
    auto& answer = std::get<CdpAnswer>(message);
    const auto place = link.pending.find(answer.id);
    if (place == link.pending.end() || place->second->has_ended) return;
    auto& pending = *place->second;
    pending.result = std::move(answer.result);
    if (!answer.refusal) return pending.end();
    pending.end(
        Error{Code::conflict, fmt::format("{}: {}", pending.method, answer.refusal->message), "cdp_refused"});
}

Task<> Cdp::write(std::shared_ptr<Link> link) {
    try {
        while (link->is_open) {
            if (link->outgoing.empty()) {
                co_await link->to_write.wait();
                continue;
            }
            const auto text = std::move(link->outgoing.front());
            link->outgoing.pop_front();
            co_await link->transport->send(text);
            link->outgoing_bytes -= text.size();
        }
    } catch (const Error&) {
        end(*link);  // reading has met the same
    }
}

/// Ends a connection that nobody uses any more.
Task<> Cdp::rest(std::shared_ptr<Link> link) {
    while (link->is_open) {
        const auto left = link->last_use + limits_.idle_time - Clock::now();
        if (left <= Clock::duration::zero() && link->pending.empty()) break;
        co_await link->ended.wait_for(left > Clock::duration::zero() ? left : Clock::duration{busy_rest});
    }
    end(*link);
}

void Cdp::end(Link& link) {
    if (!std::exchange(link.is_open, false)) return;
    link.transport->close();
    for (const auto& [id, pending] : link.pending)
        if (!pending->has_ended) pending->end(browser_gone());
    link.outgoing.clear();
    link.to_write.notify_all();
    link.ended.notify_all();
    if (link_.get() == &link) link_.reset();
    tell(end_listeners_, CdpEvent{});
}

}  // namespace carrel::desk::cdp
