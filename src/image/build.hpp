// Makes an image of its source: a whole root file system by mmdebstrap, in about a minute, or one layer on
// another image by apt.
#pragma once

#include <string>

#include "image/catalog.hpp"
#include "image/draft.hpp"
#include "image/source.hpp"

namespace carrel::image {

/// Builds `source` below `data`/images and returns it; returns what is there already when its hash is.
/// What it stands on must be there.
///
/// Needs root, mmdebstrap, about 2 GB of room, and the network (packages come from where the host's own
/// apt gets its). Throws conflict while another build runs, unavailable with the last lines of output
/// when the build fails, unavailable ("cancelled by SIGINT") when a signal asks to end. Then nothing is left:
/// no file, no mount, no process. What a *killed* build left is removed by the next one.
///
/// To be called by a process with a single thread (see contained.hpp).
Image build_image(const Source& source, const std::string& data, const Progress& progress);

}  // namespace carrel::image
