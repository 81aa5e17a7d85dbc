// A browser for tests of the DevTools protocol: calls are answered by a function, events come when the test
// says so; and the frame of such tests.
#pragma once

#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/gate.hpp"
#include "core/error.hpp"
#include "desk/cdp/cdp.hpp"
#include "tests/fakes/run_loop.hpp"

namespace carrel::fakes {

class FakeBrowser {
public:
    struct Call {
        std::uint64_t id = 0;
        std::string session;
        std::string method;
        json::Value params;
    };
    /// The result; nothing: no answer (until the test gives one). Throws core::Error: a refusal.
    using Answer = std::function<std::optional<json::Value>(const Call&)>;

    explicit FakeBrowser(async::Executor executor) : executor_{executor}, changed_{executor} {}

    async::Executor executor() const { return executor_; }

    /// For desk::cdp::Cdp. The browser must outlive it.
    desk::cdp::Cdp::Connect connect() {
        return [this]() -> async::Task<std::unique_ptr<desk::cdp::CdpTransport>> {
            if (!is_running) throw core::Error{core::Code::unavailable, "no browser is open", "no_browser"};
            ++connections;
            while (does_not_accept) co_await changed_.wait();
            is_open_ = !hangs_up_at_once;
            incoming_.clear();
            co_return std::make_unique<Transport>(*this);
        };
    }

    /// What a method is answered; a method without one is answered with {}.
    void on(std::string method, Answer answer) { answers_[std::move(method)] = std::move(answer); }
    void on(std::string method, json::Value result) {
        on(std::move(method), [result = std::move(result)](const Call&) { return result; });
    }

    void emit(std::string_view method, json::Object params = {}, std::string_view session = {}) {
        json::Object event{{"method", method}, {"params", std::move(params)}};
        if (!session.empty()) event["sessionId"] = session;
        say(json::to_text(event));
    }
    void answer(std::uint64_t id, json::Value result) {
        say(json::to_text(json::Object{{"id", id}, {"result", std::move(result)}}));
    }
    /// Any text, as it comes from the wire.
    void say(std::string text, bool is_cut = false) {
        incoming_.push_back({std::move(text), is_cut});
        changed_.notify_all();
    }
    /// The browser ends.
    void end() {
        is_running = false;
        hang_up();
    }
    /// Only the connection ends.
    void hang_up() {
        is_open_ = false;
        changed_.notify_all();
    }
    /// Waits until a call of that method has come.
    async::Task<Call> next(std::string method) {
        for (;;) {
            for (auto place = calls.begin(); place != calls.end(); ++place)
                if (place->method == method) {
                    auto call = *place;
                    calls.erase(place);
                    co_return call;
                }
            if (!co_await changed_.wait_for(std::chrono::seconds{5}))
                throw core::Error{core::Code::timeout, "nobody calls " + method};
        }
    }

    bool is_running = true;
    bool hangs_up_at_once = false;  ///< takes a connection, and ends it
    bool does_not_accept = false;   ///< as one that is stopped
    int connections = 0;
    std::vector<Call> calls;  ///< in order

private:
    class Transport final : public desk::cdp::CdpTransport {
    public:
        explicit Transport(FakeBrowser& browser) : browser_{browser} {}
        async::Task<std::optional<Received>> receive() override {
            while (browser_.incoming_.empty() && browser_.is_open_) co_await browser_.changed_.wait();
            if (!browser_.is_open_) co_return std::nullopt;
            auto message = std::move(browser_.incoming_.front());
            browser_.incoming_.pop_front();
            co_return message;
        }
        async::Task<> send(std::string_view text) override {
            if (!browser_.is_open_) throw core::Error{core::Code::unavailable, "closed"};
            browser_.take(text);
            co_return;
        }
        void close() override { browser_.hang_up(); }

    private:
        FakeBrowser& browser_;
    };

    void take(std::string_view text) {
        const auto value = core::value_or_throw(json::parse(text));
        const auto* id = json::find(value, "id");
        const auto* params = json::find(value, "params");
        Call call{id ? id->to_number<std::uint64_t>() : 0, std::string{json::text_or(value, "sessionId")},
                  std::string{json::text_or(value, "method")}, params ? *params : json::Value{}};
        calls.push_back(call);
        changed_.notify_all();
        const auto place = answers_.find(call.method);
        try {
            if (place == answers_.end())
                answer(call.id, json::Object{});
            else if (auto result = place->second(call))
                answer(call.id, std::move(*result));
        } catch (const core::Error& error) {
            say(json::to_text(
                json::Object{{"id", call.id}, {"error", {{"code", -32000}, {"message", error.message()}}}}));
        }
    }

    async::Executor executor_;
    async::Gate changed_;
    std::map<std::string, Answer> answers_;
    std::deque<desk::cdp::CdpTransport::Received> incoming_;
    bool is_open_ = false;
};

/// Runs `test(browser, cdp)` on a loop of its own; rethrows what it throws, once the connection has ended.
template <class Test>
void with_cdp(Test test, desk::cdp::CdpLimits limits = {}) {
    async::Pool pool{1};
    run_loop([&](async::Executor executor) -> async::Task<> {
        FakeBrowser browser{executor};
        desk::cdp::Cdp cdp{executor, pool, browser.connect(), limits};
        std::exception_ptr failure;
        try {
            co_await test(browser, cdp);
        } catch (...) {
            failure = std::current_exception();
        }
        cdp.disconnect();
        for (int i = 0; i < 4; ++i) co_await async::yield_turn();
        if (failure) std::rethrow_exception(failure);
    });
    pool.join();
}

}  // namespace carrel::fakes
