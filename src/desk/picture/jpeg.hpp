// Pixels to JPEG. Pure, slow (milliseconds): runs on the pool.
//
// A restart marker stands between two bands of a picture (ITU-T T.81, F.1.1.5): what is behind it refers to
// nothing before it, so bands that show the same as in the last picture are used again as they are.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "desk/picture/picture.hpp"

namespace carrel::desk::picture {

/// Holds the bands of the last picture that came with hashes. For one thread at a time.
class JpegEncoder {
public:
    JpegEncoder();
    ~JpegEncoder();
    JpegEncoder(const JpegEncoder&) = delete;
    JpegEncoder& operator=(const JpegEncoder&) = delete;

    /// With 4:2:0 chroma below quality 90, 4:4:4 from there. `quality` is 1 to 100; `bands` has a hash for
    /// every `band_height` rows, or is empty: then nothing is kept or used again. No side above 65500.
    std::string encode(Pixels pixels, int quality, std::span<const std::uint64_t> bands = {});

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace carrel::desk::picture
