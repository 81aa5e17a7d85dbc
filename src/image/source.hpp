// A recipe with everything it names, read and hashed: what a build needs, and what tells one image
// from another.
#pragma once

#include <string>
#include <vector>

#include "image/recipe.hpp"

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
    /// SHA-256 in hexadecimal, of all of the above but the name, and of the format of images. Comments
    /// do not count.
    std::string hash;
};

/// Whether `name` may name an image: lower case letters, digits, `-` and `_`, 40 at most. Checked before it
/// becomes part of a path.
bool is_image_name(std::string_view name);

/// The folder of the recipe `name`, for programs that lie in `programs`: `image/<name>` of the source tree
/// that they were built in (they are in build/<preset>/bin), else share/carrel/image/<name> beside their
/// installed folder. Throws not_found and says where it looked.
std::string find_recipe_folder(std::string_view name, const std::string& programs);

/// Reads `folder`/recipe and what it names: its files from `folder`/files, its programs from
/// `programs` (the folder of Carrel's own programs). Throws: invalid with the line that is wrong, or
/// when something is missing or a file of `folder`/files is in no line.
Source load_source(const std::string& folder, const std::string& programs);

}  // namespace carrel::image
