#include "desk/processes/child_end.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include "desk/processes/signals.hpp"

namespace carrel::desk::processes {

std::string ChildEnd::text() const {
    return signal != 0 ? name_of_signal(signal) : fmt::format("exit code {}", exit_code);
}

void add_end(json::Object& object, const ChildEnd& end) {
    object["exit_code"] = end.code();
    if (end.signal != 0) object["signal"] = name_of_signal(end.signal);
}

async::Task<ChildEnd> await_child(boost::asio::posix::stream_descriptor& handle) {
    co_await handle.async_wait(boost::asio::posix::stream_descriptor::wait_read, boost::asio::use_awaitable);
    siginfo_t facts{};
    const int found = ::waitid(P_PIDFD, static_cast<id_t>(handle.native_handle()), &facts, WEXITED | WNOHANG);
    // ECHILD: somebody else has reaped it; it has ended all the same.
    if (found != 0) co_return ChildEnd{.exit_code = 127};
    if (facts.si_code == CLD_EXITED) co_return ChildEnd{.exit_code = facts.si_status};
    co_return ChildEnd{.signal = facts.si_status};
}

}  // namespace carrel::desk::processes
