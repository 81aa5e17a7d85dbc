// The builds of images: which one new desks get, which are needed, and taking away the others.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "image/catalog.hpp"

namespace carrel::image {

/// A build and what holds it.
struct Build {
    Image image;
    bool is_current = false;          ///< new desks of its name get it
    bool is_chosen = false;           ///< because somebody said so
    std::vector<std::string> desks;   ///< that use it, by what their identity.json says
    std::vector<std::string> images;  ///< that stand on it, by their short names
};

/// All builds, by name and then the newest first.
std::vector<Build> list_builds(const std::string& data);

/// Lets new desks of `name` get this build: `hash` is its first digits (at least 6), or "newest" for
/// whichever is the newest from now on. Throws not_found. Desks that live keep theirs.
Image use_build(const std::string& data, std::string_view name, std::string_view hash);

/// Removes builds: of `hash` (at least 6 digits of one), or all of the name without it. Throws conflict,
/// before anything is removed, when a desk or another image needs one of them. Returns what is gone.
std::vector<Image> remove_images(const std::string& data, std::string_view name, std::string_view hash = {});

/// Removes every build that is not current, and that no desk and no image that stays needs.
std::vector<Image> prune_images(const std::string& data);

/// Which of `builds` stay: pure.
std::vector<const Build*> needed_builds(const std::vector<Build>& builds);

}  // namespace carrel::image
