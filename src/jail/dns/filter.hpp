// What `carrel-jail dns` may ask of the kernel: an allow-list, since its program is known.
#pragma once

namespace carrel::jail::dns {

/// Puts this process under the list for good; every other call fails with EPERM. Needs
/// no_new_privs.
void filter_calls();

}  // namespace carrel::jail::dns
