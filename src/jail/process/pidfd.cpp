#include "jail/process/pidfd.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace carrel::jail::process {

// By number: the header that glibc 2.36 has for them cannot be used from C++.
core::Fd find_process(pid_t pid) { return core::Fd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))}; }

bool send_signal(const core::Fd& process, int number) {
    return ::syscall(SYS_pidfd_send_signal, process.get(), number, nullptr, 0) == 0;
}

bool has_ended(const core::Fd& process) {
    pollfd ended{process.get(), POLLIN, 0};
    return ::poll(&ended, 1, 0) > 0;
}

}  // namespace carrel::jail::process
