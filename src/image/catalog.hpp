// The images of a data directory: `images/<name>/<hash>/root`, and beside it `image.json` and `facts` (what
// the jail reads, see jail/wire/image.hpp). Each hash is a *build*; `images/<name>/current` is a link to the
// one that new desks get, where somebody chose one.
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
#include "jail/wire/image.hpp"

namespace carrel::image {

struct Image {
    std::string name;
    std::string hash;        ///< of its source, 64 hexadecimal digits
    std::string root;        ///< absolute path of the root file system
    std::string created;     ///< RFC 3339, UTC
    std::uint64_t size = 0;  ///< bytes on disk
    std::uint64_t packages = 0;
    jail::wire::ImageFacts facts = {};
    bool is_imported = false;  ///< its programs are somebody else's: nothing of it runs as root
};

/// "desktop 0f3a5b77c102": as people are told of a build.
std::string short_name(const Image& image);

/// All images, by name and then the newest first. An image whose image.json cannot be read is logged
/// and left out.
std::vector<Image> list_images(const std::string& data);

/// The build of this name that new desks get: which was chosen, or the newest. With `hash`, the one whose
/// hash starts with it.
std::optional<Image> find_image(const std::string& data, std::string_view name, std::string_view hash = {});

/// The same, or an Error{not_found} that says how to build it.
Image get_image(const std::string& data, std::string_view name, std::string_view hash = {});

/// The hash that images/<name>/current says; nothing when nobody chose, or when that build is gone.
std::optional<std::string> find_chosen_build(const std::string& data, std::string_view name);

/// The hash of the build that new desks get: which was chosen, else the newest by its folder's time, which is
/// when it was completed. Nothing when there is none. Looks at names and times alone: the server may read no
/// image.
std::optional<std::string> find_current_build(const std::string& data, std::string_view name);

/// An Error with the reason no_image, which says which images there are.
core::Error no_image(const std::string& data, std::string_view name);

/// Held while images are built or removed; throws conflict and says who holds it.
core::Fd lock_images(const std::string& data);

/// Removes what begins with a dot below images/: the work of killed processes. Needs the lock.
void sweep_images(const std::string& data);

/// Writes `folder`/image.json and `folder`/facts.
void write_description(const std::string& folder, const Image& image);

}  // namespace carrel::image
