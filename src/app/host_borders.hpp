// What of a host makes desks' borders weaker, or stops what they need, beside what a jail finds by itself.
#pragma once

#include <string>
#include <vector>

#include "app/doctor.hpp"

namespace carrel::app {

/// What is weak, a finding each, from the kernel's files below `root` ("" is the host's own). Files that are
/// missing say nothing. As anybody.
std::vector<Finding> examine_borders(const std::string& root = "");

}  // namespace carrel::app
