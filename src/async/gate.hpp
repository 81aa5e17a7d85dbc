// Waiting for a condition of the loop's own state.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <list>

#include "async/task.hpp"

namespace carrel::async {

/// A condition variable of the loop: whoever changes state calls notify_all, whoever needs the
/// state checks it in a loop around wait. Since only the loop's thread runs, nothing is missed
/// between the check and the wait. Must outlive its waiters.
class Gate {
public:
    explicit Gate(Executor executor) : executor_{std::move(executor)} {}
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;

    /// Returns at the next notify_all. Throws when the waiting task is cancelled.
    Task<> wait();
    /// Returns true at the next notify_all, false when `limit` passed before.
    Task<bool> wait_for(Duration limit);
    void notify_all();

private:
    Task<bool> wait_until(boost::asio::steady_timer::time_point limit);

    Executor executor_;
    std::list<boost::asio::steady_timer> waiters_;
};

}  // namespace carrel::async
