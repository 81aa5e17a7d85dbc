// What of the screen, at which size, as what. Pure.
#pragma once

#include <string_view>

#include "desk/picture/picture.hpp"
#include "ops/desk/screen.hpp"

namespace carrel::desk::picture {

enum class Format { png, jpeg, webp };
/// "image/png", …
std::string_view media_type(Format format);
/// Of "png", "jpeg" or "webp", which the shapes of the operations have checked.
Format format_named(std::string_view name);

struct Shot {
    Region region;
    Size size;  ///< of the picture
    Format format = Format::png;
    int quality = 0;  ///< 1 to 100; 0 where every pixel is to be right
    bool has_cursor = true;
    bool operator==(const Shot&) const = default;

    bool is_scaled() const { return size != region.size(); }
};

/// Most pixels of a picture: with four bytes each, what a desk can afford.
constexpr int most_pixels = 1 << 24;

/// Of the whole screen, by what a client wishes. Throws Unprocessable when the picture would have more
/// than `most_pixels`, or a side that no format can take.
Shot plan_shot(Size screen, const ops::PictureOptions& options);
/// Of a part. Throws Unprocessable when it is empty or not on the screen.
Shot plan_shot(Size screen, const ops::RegionScreenshot& wish);

}  // namespace carrel::desk::picture
