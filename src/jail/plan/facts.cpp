#include "jail/plan/facts.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/fd.hpp"

namespace carrel::jail::plan {

bool has_overlay_by_descriptor() {
    const core::Fd overlay{::fsopen("overlay", FSOPEN_CLOEXEC)};
    const core::Fd layer{::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)};
    return ::fsconfig(overlay.get(), FSCONFIG_SET_FD, "lowerdir+", nullptr, layer.get()) == 0;
}

bool has_clone3() {
    // Arguments of size 0 are refused by a kernel that has the call, with EINVAL.
    return ::syscall(SYS_clone3, nullptr, 0) < 0 && errno == EINVAL;
}

}  // namespace carrel::jail::plan
