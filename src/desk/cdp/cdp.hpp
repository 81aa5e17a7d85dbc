// The Chrome DevTools Protocol, as a client: one connection to the browser that everybody shares.
//
// The connection is made by the first call, and ended when nobody has called for a while: a browser
// that is only looked at by a person sends nothing. Sessions (attachments to a tab, tabs.hpp) die with
// it. What the browser sends is bounded and taken to be hostile.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/gate.hpp"
#include "async/run_on.hpp"
#include "async/scope.hpp"
#include "desk/cdp/protocol.hpp"

namespace carrel::desk::cdp {

using async::Task;

/// Whole messages to and from a browser: the border where tests put a fake.
class CdpTransport {
public:
    struct Received {
        std::string text;
        bool is_cut = false;  ///< the message was too large: this is how it began
    };

    virtual ~CdpTransport() = default;
    /// The next message; nothing when the connection has ended, however.
    virtual Task<std::optional<Received>> receive() = 0;
    /// One at a time. Throws Error{unavailable} when the connection has ended.
    virtual Task<> send(std::string_view text) = 0;
    /// Ends the connection; a receive() that runs returns nothing.
    virtual void close() = 0;
};

struct CdpLimits {
    std::size_t waiting_bytes = 32uz << 20;  ///< of calls that the browser has not taken yet
    std::size_t pool_bytes = 64uz * 1024;    ///< messages from this size on are parsed on the pool
    std::chrono::milliseconds connect_time{5'000};
    std::chrono::milliseconds idle_time{300'000};  ///< after the last call the connection is ended
};

/// What one makes and others wait for: its end is theirs too, unless it was given up.
struct Attempt {
    bool is_over = false;
    std::optional<core::Error> failure;  ///< none: it came to what was wanted, or was given up
};

class Cdp {
public:
    using Connect = std::function<Task<std::unique_ptr<CdpTransport>>()>;
    /// Called on the loop for each event, in order, before the answers that came after it. Must not throw
    /// and must not wait.
    using Listener = std::function<void(const CdpEvent&)>;

    /// Ends when it is destroyed; then its listener is not called any more. May outlive the Cdp.
    class [[nodiscard]] Subscription {
    public:
        Subscription() = default;
        explicit Subscription(std::shared_ptr<Listener> listener) : listener_{std::move(listener)} {}

    private:
        std::shared_ptr<Listener> listener_;
    };

    using Listeners = std::vector<std::weak_ptr<Listener>>;
    static Subscription add_listener(Listeners& listeners, Listener listener);
    static void tell(Listeners& listeners, const CdpEvent& event);

    /// `connect` throws Error{unavailable, "no_browser"} when there is none. `pool` must outlive it.
    Cdp(async::Executor executor, async::Pool& pool, Connect connect, CdpLimits limits = {});
    ~Cdp();
    Cdp(const Cdp&) = delete;
    Cdp& operator=(const Cdp&) = delete;

    /// The answer's `result`. `session` is empty for the browser itself. Throws
    ///   Error{unavailable, "no_browser"}     there is no browser to connect to
    ///   Error{unavailable, "browser_gone"}   the browser ended meanwhile
    ///   Error{timeout, "browser_hung"}       the browser itself does not answer within `limit`
    ///   Error{timeout, "cdp_timeout"}        a session does not
    ///   Error{conflict, "cdp_refused"}       the browser's own sentence
    ///   Error{exhausted, "cdp_too_large"}    the answer, or the call, is larger than can be taken
    ///   what fail_session() gave.
    Task<json::Value> call(std::string session, std::string method, json::Object params = {},
                           async::Duration limit = std::chrono::seconds{10});
    /// The same for who does not need the answer; nothing happens when there is no connection.
    void post(std::string_view session, std::string_view method, const json::Object& params = {});
    /// Ends the calls of a session that wait for their answers with this error: its page will not answer.
    void fail_session(std::string_view session, const core::Error& error);

    /// Events of all sessions. The subscription ends no connection and needs none.
    Subscription subscribe(Listener listener);
    /// Tells all listeners of what the browser has no event for, as if it had one.
    void announce(const CdpEvent& event) { tell(listeners_, event); }
    /// Called when a connection was made; it is there already.
    Subscription subscribe_to_begin(std::function<void()> listener);
    /// Called when a connection has ended.
    Subscription subscribe_to_end(std::function<void()> listener);

    /// Makes the connection unless there is one. Throws as call() does.
    Task<> connect();
    bool is_connected() const;
    /// Ends the connection; calls that wait throw "browser_gone".
    void disconnect();

private:
    struct Link;
    Task<std::shared_ptr<Link>> get_link();
    Task<> read(std::shared_ptr<Link> link);
    Task<> write(std::shared_ptr<Link> link);
    Task<> rest(std::shared_ptr<Link> link);
    Task<CdpMessage> parse(std::string text);
    void take(Link& link, CdpMessage message);
    void end(Link& link);

    async::Executor executor_;
    async::Pool& pool_;
    Connect connect_;
    CdpLimits limits_;
    async::Gate changed_;
    std::shared_ptr<Attempt> attempt_;  ///< to connect, the one that is being made
    std::shared_ptr<Link> link_;
    Listeners listeners_;
    Listeners begin_listeners_;
    Listeners end_listeners_;
    async::Scope scope_;
};

}  // namespace carrel::desk::cdp
