// The operations that carry files' bytes over HTTP.
#pragma once

#include <vector>

#include "desk/files/files.hpp"
#include "rest/bindings.hpp"

namespace carrel::desk::transfer {

/// file/read, upload, download, extract, watch. `files` must outlive the bindings.
std::vector<rest::Binding> bind_transfers(files::Files& files);

}  // namespace carrel::desk::transfer
