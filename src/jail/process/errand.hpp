// Work that may take long, or hang in the kernel, in a child of the single-threaded jail: it is waited for so
// long and no longer.
#pragma once

#include <chrono>
#include <functional>
#include <string_view>
#include <vector>

#include "core/fd.hpp"

namespace carrel::jail::process {

/// Runs `work` in a child, and answers the descriptors that it answers there. Throws what it throws, timeout
/// when it takes longer than `limit` ("mounting the workspace took longer than 10000 ms"; the child is killed
/// then), or internal when the child ended otherwise.
std::vector<core::Fd> run_errand(std::string_view what, std::chrono::milliseconds limit,
                                 const std::function<std::vector<core::Fd>()>& work);

}  // namespace carrel::jail::process
