// Pixels to PNG and JPEG. Pure, slow (milliseconds): runs on the pool.
#pragma once

#include <memory>
#include <string>

#include "desk/picture.hpp"

namespace carrel::desk {

/// Memory of the encoder that the next picture needs again: 5 MB for 1024×768, which cost a millisecond
/// when the kernel has to give them anew. For one thread at a time.
class Workspace {
public:
    Workspace();
    ~Workspace();
    Workspace(const Workspace&) = delete;
    Workspace& operator=(const Workspace&) = delete;

    struct Buffers;
    Buffers& buffers() { return *buffers_; }

private:
    std::unique_ptr<Buffers> buffers_;
};

/// PNG (ISO/IEC 15948), without filters, which is both smaller and faster for screens: with a palette
/// when there are at most 256 colours, else as RGB.
std::string to_png(Pixels pixels, Workspace& workspace);

/// JPEG with 4:2:0 chroma below quality 90, 4:4:4 from there.
std::string to_jpeg(Pixels pixels, int quality, Workspace& workspace);

}  // namespace carrel::desk
