// A recipe with everything it names, read and hashed: what a build needs, and what tells one image
// from another.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "image/recipe.hpp"
#include "jail/wire/image.hpp"

namespace carrel::image {

/// A step of the recipe and, for `file` and `program`, the bytes that it puts.
struct SourceStep {
    Step step;
    std::string content;
};

struct Source {
    std::string name;  ///< of the image: its folder's name
    Recipe recipe;
    std::vector<SourceStep> steps;
    jail::wire::Layer base = {};  ///< the build that it stands on; none when its name is empty
    /// SHA-256 in hexadecimal, of all of the above but the name, and of the format of images. Comments
    /// do not count.
    std::string hash;
};

/// The folder of the recipe `name`, for programs that lie in `programs`: `image/<name>` of the source tree
/// that they were built in (they are in build/<preset>/bin), else share/carrel/image/<name> beside their
/// installed folder. A name with a `/` in it is the folder itself. Throws not_found and says where it looked.
std::string find_recipe_folder(std::string_view name, const std::string& programs);

/// The hash of the build that an image with this name stands for.
using BuildOf = std::function<std::string(const std::string& name)>;

/// Reads `folder`/recipe and what it names: its files from `folder`/files, its programs from
/// `programs` (the folder of Carrel's own programs), what it stands on from `base`. Throws: invalid with the
/// line that is wrong, or when something is missing or a file of `folder`/files is in no line.
Source load_source(const std::string& folder, const std::string& programs, const BuildOf& base);

/// The source in `folder` and all that it stands on, the undermost first. The recipe of a base lies beside
/// `folder` or where Carrel's own do. Throws, besides, not_found when there is none, and invalid when the
/// stack is too high.
std::vector<Source> load_stack(const std::string& folder, const std::string& programs);

}  // namespace carrel::image
