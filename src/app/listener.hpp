// The listening socket, opened before privileges go.
#pragma once

#include "app/config.hpp"
#include "core/fd.hpp"

namespace carrel::app {

/// Listens on `address` (port 0 takes a free one); throws Error{conflict} that says which process has
/// the port, as far as this one may see it.
core::Fd open_listener(const Address& address);

/// The address that a listening socket really has.
Address address_of(const core::Fd& listener, const Address& asked);

}  // namespace carrel::app
