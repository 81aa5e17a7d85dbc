// Makes an image of a container's: the archive of somebody else, who may be hostile.
//
// Debian's skopeo and umoci read and unpack it, contained and without root's power over the host (see
// contained.hpp, Confinement); what they leave is then cleaned and given what a desk needs, by system calls
// alone: no program of the archive ever runs outside a desk.
#pragma once

#include <string>

#include "image/catalog.hpp"
#include "image/draft.hpp"

namespace carrel::image {

/// What an archive may unpack to.
struct ImportBounds {
    std::uint64_t bytes = std::uint64_t{16} << 30;  ///< with its own packed layers
    std::uint64_t files = 2'000'000;
    std::uint64_t spared = std::uint64_t{1} << 30;  ///< bytes that stay free on the disk
};

/// `source` is docker-archive:FILE, oci-archive:FILE, oci:PATH or dir:PATH, as skopeo(1) names them. The
/// build's hash is of the archive's bytes. Throws invalid for other sources, not_found when there is nothing,
/// exhausted when it unpacks to too much, unavailable with the last lines of output when it cannot be
/// unpacked.
///
/// To be called by a process with a single thread, as root.
Image import_image(const std::string& source, const std::string& name, const std::string& data,
                   const Progress& progress, const ImportBounds& bounds = {});

}  // namespace carrel::image
