#include "jail/process/user.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "core/sys.hpp"

namespace carrel::jail::process {

using core::checked;

void map_ids(const MapIds& step, pid_t process) {
    const auto line = fmt::format("0 {} {}", step.first, step.count);
    core::write_existing(fmt::format("/proc/{}/uid_map", process), line);
    core::write_existing(fmt::format("/proc/{}/gid_map", process), line);
}

void become_root() {
    checked("leave the host's groups", ::setgroups(0, nullptr));
    checked("become gid 0 of the desk", ::setresgid(0, 0, 0));
    checked("become uid 0 of the desk", ::setresuid(0, 0, 0));
}

void drop_capabilities() {
    checked("clear ambient capabilities", ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    for (cap_value_t capability = 0; capability < ::cap_max_bits(); ++capability)
        checked("drop a capability from the bounding set", ::cap_drop_bound(capability));
    // User namespaces that programs make inside begin with fresh bits: Chromium's sandbox still works.
    checked("lock the secure bits",
            ::prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED |
                                           SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                                           SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED));
}

void become_user(const BecomeUser& step) {
    checked("set groups", ::setgroups(1, &step.gid));
    checked("set gids", ::setresgid(step.gid, step.gid, step.gid));
    checked("set uids", ::setresuid(step.uid, step.uid, step.uid));
    const std::unique_ptr<std::remove_pointer_t<cap_t>, decltype(&::cap_free)> none{::cap_init(),
                                                                                    &::cap_free};
    checked("give up capabilities", ::cap_set_proc(none.get()));
}

void set_limit(const ResourceLimit& step) {
    rlimit limit;
    checked("read limit " + step.name, ::getrlimit(static_cast<__rlimit_resource>(step.resource), &limit));
    // Raising the hard limit needs a capability that containers often lack; what there is must do.
    limit.rlim_max = std::min<rlim_t>(limit.rlim_max, step.most);
    limit.rlim_cur = limit.rlim_max;
    checked("set limit " + step.name, ::setrlimit(static_cast<__rlimit_resource>(step.resource), &limit));
}

}  // namespace carrel::jail::process
