// The images of a data directory: `images/<name>/<hash>/root` and `image.json` beside it.
//
// An image is there as a whole or not at all: it is renamed into place when it is complete, and out
// of place before it is removed. Names that start with a dot are work in progress, or what a killed
// process left; whoever holds the lock sweeps them away.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/fd.hpp"

namespace carrel::image {

struct Image {
    std::string name;
    std::string hash;        ///< of its source, 64 hexadecimal digits
    std::string root;        ///< absolute path of the root file system
    std::string created;     ///< RFC 3339, UTC
    std::uint64_t size = 0;  ///< bytes on disk
    std::uint64_t packages = 0;
};

/// All images, by name and then the newest first. An image whose image.json cannot be read is logged
/// and left out.
std::vector<Image> list_images(const std::string& data);

/// The newest image of this name, or the one whose hash starts with `hash`.
std::optional<Image> find_image(const std::string& data, std::string_view name, std::string_view hash = {});

/// The same, or an Error{not_found} that says how to build it.
Image get_image(const std::string& data, std::string_view name, std::string_view hash = {});

/// The desks (of desks/<id>/identity.json) that name this image's hash.
std::vector<std::string> desks_that_use(const std::string& data, const Image& image);

/// Removes images: of `hash` (at least 6 digits of one), or all of the name without it. Throws conflict,
/// before anything is removed, when a desk uses one of them. Returns the images that are gone.
std::vector<Image> remove_images(const std::string& data, std::string_view name, std::string_view hash = {});

/// Held while images are built or removed; throws conflict and says who holds it.
core::Fd lock_images(const std::string& data);

/// Removes what begins with a dot below images/: the work of killed processes. Needs the lock.
void sweep_images(const std::string& data);

/// Writes `folder`/image.json.
void write_description(const std::string& folder, const Image& image);

}  // namespace carrel::image
