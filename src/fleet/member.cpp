#include "fleet/member.hpp"

#include "async/deadline.hpp"
#include "core/error.hpp"
#include "fleet/adoption.hpp"
#include "fleet/desk_client.hpp"
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

}  // namespace

Task<> Member::check(std::string identity_nonce, Patience patience, Timings& timings) {
    const auto endpoint = desk->endpoint();
    Step hello_step{timings, "hello"};
    const auto hello_answer = co_await ask_desk(
        *endpoint,
        {.target = std::string{ops::internal::hello}, .most_bytes = 4096, .limit = patience.hello});
    if (hello_answer.status != 200) throw error_of(hello_answer);
    const auto hello = core::value_or_throw(parse_hello(hello_answer.body));
    if (const auto why = why_not_ours(row, identity_nonce, hello))
        throw core::Error{core::Code::unavailable, "what answers is not this desk: " + *why, "not_this_desk"};
    hello_step.done();

    Step ready_step{timings, "ready"};
    const auto ready = co_await ask_desk(
        *endpoint,
        {.target = std::string{ops::internal::ready}, .most_bytes = 16 * 1024, .limit = patience.ready});
    if (ready.status != 200) throw error_of(ready);
    ready_step.done();
}

void Member::start_watching(std::function<void(Notice)> tell_notice, std::function<void(Ending)> tell_end) {
    auto limited = [this, tell = std::move(tell_notice)](Notice notice) {
        // Programs that notify all the time do not hide that the desk is ill.
        auto& limit = notice.notification ? notification_limit_ : notice_limit_;
        if (limit.admits(Clock::now())) tell(std::move(notice));
    };
    watch_.start("watching for the end of " + row.id, watch_end(std::move(tell_end)));
    watch_.start("notices of " + row.id, desk->tell_notices(limited));
    watch_.start("notices of the tool server of " + row.id, follow_notices(desk->endpoint(), limited));
}

Task<> Member::watch_end(std::function<void(Ending)> tell) { tell(co_await desk->ended()); }

Task<std::optional<Ending>> Member::find_ending() {
    try {
        co_return co_await async::deadline(250ms, "the end of the desk", desk->ended());
    } catch (const core::Error&) {
        co_return std::nullopt;  // it lives, only not as it should
    }
}

}  // namespace carrel::fleet
