#include "api/state/observing.hpp"

#include <fmt/format.h>

#include <exception>
#include <utility>

#include "core/error.hpp"
#include "core/id.hpp"

namespace carrel::api {

namespace {

using async::Task;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds long_time{10};

/// Told once, however it ends.
class Watch {
public:
    Watch(const ops::Operation& row, const net::Request& request, const Observer& observer)
        : row_{row}, request_{request}, observer_{observer} {}
    ~Watch() { observer_({row_, request_, status_, Clock::now() - began_}); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    net::Response note(net::Response response) {
        status_ = response.status;
        return response;
    }
    void note_failure() { status_ = 500; }

private:
    const ops::Operation& row_;
    const net::Request& request_;
    const Observer& observer_;
    int status_ = 0;
    Clock::time_point began_ = Clock::now();
};

/// The session that the request names, if it is the id of one.
std::string_view session_of(const net::Request& request) {
    const auto named = request.parameters.find("id");
    return named != request.parameters.end() && core::is_id("sess_", named->second) ? named->second
                                                                                    : std::string_view{};
}

}  // namespace

net::Route observed(net::Route route, const ops::Operation& row, Observer observer) {
    if (!observer) return route;
    auto inner = std::move(route.handler);
    route.handler = [&row, inner = std::move(inner), error_answer = route.error_answer,
                     observer = std::move(observer)](net::Request& request) -> Task<net::Response> {
        Watch watch{row, request, observer};
        std::exception_ptr failure;
        try {
            co_return watch.note(co_await inner(request));
        } catch (const core::Error& error) {
            co_return watch.note(error_answer(error, request));
        } catch (...) {
            failure = std::current_exception();
        }
        if (!async::is_cancellation(failure)) watch.note_failure();
        std::rethrow_exception(failure);
    };
    return route;
}

core::Level level_of(const Answered& answered) {
    const bool is_ours = answered.status >= 500;
    // A stream's beginning is no wait, and a client that has gone away is nobody's slowness.
    const bool is_slow = answered.status != 0 && answered.took >= long_time;
    return is_ours || is_slow ? core::Level::info : core::Level::debug;
}

void log_access(const Answered& answered) {
    const auto took = std::chrono::duration<double, std::milli>{answered.took}.count();
    const auto session = session_of(answered.request);
    core::log_at(level_of(answered), "{} {} {} {} in {:.1f} ms{}{}", answered.request.id, answered.row.method,
                 answered.row.name, answered.status, took, session.empty() ? "" : " of ", session);
}

}  // namespace carrel::api
