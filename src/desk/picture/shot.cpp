#include "desk/picture/shot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "rest/requests.hpp"

namespace carrel::desk::picture {

namespace {

/// Quality of a lossy picture unless the client says otherwise.
constexpr int usual_quality = 85;
constexpr int best_quality = 100;

int rounded(double side) { return std::max(1, static_cast<int>(std::lround(std::min(side, 1e9)))); }

Size plan_size(Size whole, const ops::PictureOptions& options) {
    if (options.scale && (options.width || options.height))
        throw rest::unprocessable({"scale"}, "give either scale or width and height");
    Size size = whole;
    if (options.scale) size = {rounded(whole.width * *options.scale), rounded(whole.height * *options.scale)};
    if (options.width) size.width = *options.width;
    if (options.height) size.height = *options.height;
    if (options.width && !options.height)
        size.height = rounded(static_cast<double>(whole.height) * *options.width / whole.width);
    if (options.height && !options.width)
        size.width = rounded(static_cast<double>(whole.width) * *options.height / whole.height);
    const auto longest = ops::largest_picture_side;
    const char* field = options.scale ? "scale" : options.width ? "width" : "height";
    if (size.width > longest || size.height > longest)
        throw rest::unprocessable(
            {field}, fmt::format("the picture would be {}×{} pixels; a side has at most {}", size.width,
                                 size.height, longest));
    if (std::int64_t{size.width} * size.height > most_pixels)
        throw rest::unprocessable(
            {field}, fmt::format("the picture would be {}×{} pixels; it has at most {} in all", size.width,
                                 size.height, most_pixels));
    return size;
}

Shot plan(Region region, const ops::PictureOptions& options) {
    Shot shot{.region = region, .size = plan_size(region.size(), options)};
    shot.format = format_named(options.format.value_or("png"));
    shot.has_cursor = options.cursor;
    const bool is_lossless = options.lossless.value_or(false);
    if (is_lossless && shot.format == Format::jpeg)
        throw rest::unprocessable({"lossless"}, "a JPEG is never lossless: take png or webp");
    if (shot.format == Format::jpeg) shot.quality = options.quality.value_or(usual_quality);
    if (shot.format == Format::webp && !is_lossless)
        shot.quality = options.quality == best_quality ? 0 : options.quality.value_or(usual_quality);
    return shot;
}

void check_edges(std::string_view low_name, int low, std::string_view high_name, int high, int side) {
    if (low < 0 || low >= side)
        throw rest::unprocessable(
            {std::string{low_name}},
            fmt::format("{} is outside the screen, which goes from 0 to {}", low, side - 1));
    if (high > side)
        throw rest::unprocessable({std::string{high_name}},
                                  fmt::format("{} is outside the screen, which ends at {}", high, side));
    if (high <= low)
        throw rest::unprocessable({std::string{high_name}},
                                  fmt::format("{} must be more than {} ({})", high, low_name, low));
}

}  // namespace

std::string_view media_type(Format format) {
    switch (format) {
        case Format::png: return "image/png";
        case Format::jpeg: return "image/jpeg";
        case Format::webp: return "image/webp";
    }
    return "";
}

Format format_named(std::string_view name) {
    if (name == "jpeg") return Format::jpeg;
    return name == "webp" ? Format::webp : Format::png;
}

Shot plan_shot(Size screen, const ops::PictureOptions& options) {
    return plan({0, 0, screen.width, screen.height}, options);
}

Shot plan_shot(Size screen, const ops::RegionScreenshot& wish) {
    check_edges("x0", wish.x0, "x1", wish.x1, screen.width);
    check_edges("y0", wish.y0, "y1", wish.y1, screen.height);
    return plan({wish.x0, wish.y0, wish.x1, wish.y1}, wish);
}

}  // namespace carrel::desk::picture
