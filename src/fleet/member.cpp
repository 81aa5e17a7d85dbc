#include "fleet/member.hpp"

#include <algorithm>
#include <array>

#include "async/deadline.hpp"
#include "core/error.hpp"
#include "fleet/adoption.hpp"
#include "fleet/desk_client.hpp"
#include "json/parse.hpp"
#include "ops/beginning.hpp"
#include "ops/internal.hpp"

namespace carrel::fleet {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// A step of a start, measured from its making to done().
class Step {
public:
    Step(Timings& timings, std::string name) : timings_{timings}, name_{std::move(name)} {}
    void done() { timings_.emplace_back(std::move(name_), Clock::now() - began_); }

private:
    Timings& timings_;
    std::string name_;
    Clock::time_point began_ = Clock::now();
};

/// Whatever status a desk gives that is to be taken over: its client has asked for a desk, and is told that
/// this one is none, not that something was wrong with the request.
core::Error unwell(const DeskAnswer& answer) {
    return {core::Code::unavailable, error_of(answer).message(), "bad_desk_answer"};
}

/// Of a desk that did not begin as it was wished: what its client should change, or that the desk is unwell.
core::Error not_begun(const DeskAnswer& answer) {
    constexpr std::array for_client{core::Code::invalid, core::Code::conflict, core::Code::exhausted,
                                    core::Code::timeout, core::Code::unavailable};
    auto error = error_of(answer);
    return std::ranges::find(for_client, error.code()) != for_client.end() ? error : unwell(answer);
}

}  // namespace

core::Error error_from(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const core::Error& error) {
        return error;
    } catch (...) {
        return {core::Code::internal, core::message_of(failure)};
    }
}

Task<> Member::check(std::string identity_nonce, Patience patience, Timings& timings) {
    const auto endpoint = desk->endpoint();
    Step hello_step{timings, "hello"};
    const auto hello_answer = co_await ask_desk(
        *endpoint,
        {.target = std::string{ops::internal::hello}, .most_bytes = 4096, .limit = patience.hello});
    if (hello_answer.status != 200) throw unwell(hello_answer);
    const auto hello = core::value_or_throw(parse_hello(hello_answer.body));
    if (const auto why = why_not_ours(row, identity_nonce, hello))
        throw core::Error{core::Code::unavailable, "what answers is not this desk: " + *why,
                          std::string{not_this_desk}};
    row.has_display = hello.has_display;
    hello_step.done();

    Step ready_step{timings, "ready"};
    const auto ready = co_await ask_desk(
        *endpoint,
        {.target = std::string{ops::internal::ready}, .most_bytes = 16 * 1024, .limit = patience.ready});
    if (ready.status != 200) throw unwell(ready);
    ready_step.done();
}

Task<> Member::begin(core::DeskBeginning beginning, Patience patience, Timings& timings) {
    if (beginning.is_empty()) co_return;
    Step step{timings, "begin"};
    const auto endpoint = desk->endpoint();
    const auto answer = co_await ask_desk(*endpoint, {.method = "POST",
                                                      .target = std::string{ops::internal::begin},
                                                      .body = json::to_text(ops::to_json(beginning)),
                                                      .most_bytes = 64 * 1024,
                                                      .limit = patience.begin});
    if (answer.status != 200) throw not_begun(answer);
    step.done();
}

void Member::watch_end(std::function<void(Ending)> tell) {
    watch_.start("watching for the end of " + row.id, wait_for_end(std::move(tell)));
}

void Member::watch_notices(std::function<void(Notice)> tell) {
    auto limited = [this, tell = std::move(tell)](Notice notice) {
        // A screen that is resized all the time is stored as often as can be borne (Fleet::store_screen).
        if (notice.screen) return tell(std::move(notice));
        // Programs that notify all the time do not hide that the desk is ill.
        auto& limit = notice.notification ? notification_limit_ : notice_limit_;
        if (limit.admits(Clock::now())) tell(std::move(notice));
    };
    watch_.start("notices of " + row.id, desk->tell_notices(limited));
    watch_.start("notices of the tool server of " + row.id, follow_notices(desk->endpoint(), limited));
}

Task<> Member::wait_for_end(std::function<void(Ending)> tell) { tell(co_await desk->ended()); }

Task<std::optional<Ending>> Member::find_ending() {
    try {
        co_return co_await async::deadline(2s, "the end of the desk", desk->ended());
    } catch (...) {
        if (async::is_cancellation(std::current_exception())) throw;
        co_return std::nullopt;  // it lives, only not as it should
    }
}

}  // namespace carrel::fleet
