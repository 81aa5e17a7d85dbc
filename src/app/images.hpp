// The images of a data directory, as the API tells of them.
#pragma once

#include <string>
#include <vector>

#include "api/images.hpp"

namespace carrel::app {

/// By name.
std::vector<api::ImageBuilds> list_image_builds(const std::string& data);

}  // namespace carrel::app
