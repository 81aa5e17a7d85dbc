// A desk's layer, before the desk sees it. It may have been another desk's, with whatever that one left in
// the place of a folder or a file: no link is followed, and what is in the way goes.
#pragma once

#include <string>

namespace carrel::jail::desks {

/// `layer`: its descriptor; `path` begins there, and all but the last part of it is there.
void make_layer_folder(int layer, const std::string& path);
void write_layer_file(int layer, const std::string& path, const std::string& text);
/// Removes what is there with all that it holds; fine when nothing is.
void clear_layer(int layer, const std::string& path);

}  // namespace carrel::jail::desks
