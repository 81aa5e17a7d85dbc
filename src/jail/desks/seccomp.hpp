// Which system calls programs in a desk may not make.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "core/fd.hpp"

namespace carrel::jail::desks {

/// A compiled filter: made once when the jail starts, given to every desk.
using Filter = std::vector<sock_filter>;

/// The deny-list of seccomp.cpp behind the allowances, compiled for this machine. Throws internal.
Filter compile_filter();
/// Puts the calling thread under `filter` for good; needs no_new_privs. Returns where programs are heard that
/// ask for a netlink socket (seccomp_unotify(2)), and wait; nothing when somebody above listens already: then
/// they get none.
core::Fd apply_filter(const Filter& filter);

}  // namespace carrel::jail::desks
