#include "async/gate.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/system/system_error.hpp>

namespace carrel::async {

Task<> Gate::wait() { co_await wait_until(boost::asio::steady_timer::time_point::max()); }

Task<bool> Gate::wait_for(Duration limit) {
    co_return co_await wait_until(boost::asio::steady_timer::clock_type::now() + limit);
}

void Gate::notify_all() {
    for (auto& waiter : waiters_) waiter.cancel();
}

Task<bool> Gate::wait_until(boost::asio::steady_timer::time_point limit) {
    const auto place = waiters_.emplace(waiters_.end(), executor_, limit);
    struct Leave {
        std::list<boost::asio::steady_timer>& waiters;
        std::list<boost::asio::steady_timer>::iterator place;
        ~Leave() { waiters.erase(place); }
    } leave{waiters_, place};
    boost::system::error_code ended;
    co_await place->async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ended));
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    if (state.cancelled() != boost::asio::cancellation_type::none)
        throw boost::system::system_error{boost::asio::error::operation_aborted};
    co_return ended == boost::asio::error::operation_aborted;
}

}  // namespace carrel::async
