// GET /images: what desks can start from.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "api/routes.hpp"
#include "async/run_on.hpp"

namespace carrel::api {

struct ImageBuild {
    std::string hash;
    std::string created;  ///< RFC 3339
    std::uint64_t size;   ///< bytes on disk, without what it stands on
    bool has_display;
    std::string base;  ///< the image that it stands on, or empty
    bool is_current;   ///< new desks get this one
};

struct ImageBuilds {
    std::string name;
    std::vector<ImageBuild> builds;  ///< the newest first; one is current
};

/// Looks at files: not to be called on the loop's thread.
using ListImages = std::function<std::vector<ImageBuilds>()>;

/// `list` is called in `pool`, which must outlive the bindings.
std::vector<Binding> image_bindings(async::Pool& pool, ListImages list);

}  // namespace carrel::api
