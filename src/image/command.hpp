// The words that mmdebstrap is called with, and the script that it calls back. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "image/source.hpp"

namespace carrel::image {

/// Where a build happens; all absolute and ours alone.
struct Workplace {
    std::string root;      ///< the root file system that grows
    std::string script;    ///< receives `step_script`
    std::string puts;      ///< a folder; the content of step n is the file `n` in it
    std::string settings;  ///< receives apt's settings: they may hold a proxy's password
};

/// `mmdebstrap` and its arguments.
std::vector<std::string> mmdebstrap_words(const Recipe& recipe, const Workplace& workplace,
                                          const std::vector<std::string>& sources);

/// A shell script that does the steps in order inside the root that is its only argument, says each one
/// on a line of its own (see progress.hpp), and ends at the first that fails. Files are written by a
/// program *inside* the root, so that no link in there leads out.
std::string step_script(const std::vector<SourceStep>& steps, const Workplace& workplace);

/// Where a layer is made: in an overlay of which the upper layer is the draft's root. Its places are named
/// from the folder of images, so that no letter of the data directory's path means anything to overlay.
struct LayerPlace {
    std::string images;  ///< absolute
    std::string draft;   ///< below it
    std::vector<jail::wire::Layer> below;

    std::string work() const { return images + "/" + draft + "/work"; }
    std::string merged() const { return work() + "/merged"; }
};

/// apt's settings for a layer: the host's apt works on the merged root, and keeps its lists and packages out
/// of it.
std::string layer_settings(const Recipe& recipe, const LayerPlace& place, std::string_view of_host);

/// A shell script, to be run contained, that mounts the overlay, installs the recipe's packages and runs the
/// script of steps (work/steps.sh). What it mounts ends with its namespace.
std::string layer_script(const Recipe& recipe, const LayerPlace& place);

/// As one word of a POSIX shell.
std::string quote(std::string_view text);

}  // namespace carrel::image
