// Pixels to PNG (ISO/IEC 15948). Pure, slow (milliseconds): runs on the pool.
//
// A picture is cut into bands, each compressed for itself; a caller who makes the same picture again and
// again, a little changed, says by a hash what each band shows, and those that are the same are not
// compressed again. On screens it is both smaller and faster not to filter; bands that compress badly so, as
// photos do, are filtered if that pays. With at most 256 colours the picture has a palette.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "desk/picture/picture.hpp"

namespace carrel::desk::picture {

/// Holds the bands of the last picture that came with hashes. For one thread at a time.
class PngEncoder {
public:
    PngEncoder();
    ~PngEncoder();
    PngEncoder(const PngEncoder&) = delete;
    PngEncoder& operator=(const PngEncoder&) = delete;

    /// `bands` has a hash for every `band_height` rows, or is empty: then nothing is kept or used again.
    std::string encode(Pixels pixels, std::span<const std::uint64_t> bands = {});

    /// Bands that were compressed since the encoder was made.
    std::uint64_t compressed_bands() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace carrel::desk::picture
