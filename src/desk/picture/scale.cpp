#include "desk/picture/scale.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace carrel::desk::picture {

namespace {

/// How much of each old pixel one new pixel is made of, along one side. Weights sum up to `whole_weight`.
struct Mix {
    int first = 0;
    std::vector<std::uint32_t> weights;
};
constexpr double whole_weight = 65536;
constexpr std::uint32_t half = 1U << 15;

Mix mix_for(int at, int from, int to) {
    const double ratio = static_cast<double>(from) / to;
    // Growing: a triangle of one old pixel around the new one's middle; shrinking: the covered area.
    double begin = at * ratio;
    double end = begin + ratio;
    if (ratio < 1) {
        const double middle = (at + 0.5) * ratio;
        begin = middle - 0.5;
        end = middle + 0.5;
    }
    begin = std::clamp(begin, 0.0, from - 1e-6);
    end = std::clamp(end, begin + 1e-6, static_cast<double>(from));
    Mix mix{static_cast<int>(begin), {}};
    for (int old = mix.first; old < end; ++old) {
        const double part = std::min<double>(old + 1, end) - std::max<double>(old, begin);
        mix.weights.push_back(static_cast<std::uint32_t>(part / (end - begin) * whole_weight));
    }
    // What rounding took goes to the first, so that white stays white.
    std::uint32_t sum = 0;
    for (const auto weight : mix.weights) sum += weight;
    mix.weights[0] += static_cast<std::uint32_t>(whole_weight) - sum;
    return mix;
}

std::vector<Mix> mixes_for(int from, int to) {
    std::vector<Mix> mixes;
    mixes.reserve(static_cast<std::size_t>(to));
    for (int at = 0; at < to; ++at) mixes.push_back(mix_for(at, from, to));
    return mixes;
}

Image empty_image(Size size) {
    return {std::vector<std::uint32_t>(static_cast<std::size_t>(size.width) *
                                       static_cast<std::size_t>(size.height)),
            size};
}

std::uint32_t blend_row(const std::uint32_t* pixel, const std::vector<std::uint32_t>& weights) {
    std::uint32_t blue = half;
    std::uint32_t green = half;
    std::uint32_t red = half;
    for (const auto weight : weights) {
        blue += (*pixel & 0xff) * weight;
        green += (*pixel >> 8 & 0xff) * weight;
        red += (*pixel >> 16 & 0xff) * weight;
        ++pixel;
    }
    return blue >> 16 | green >> 16 << 8 | red >> 16 << 16;
}

Image scale_rows(Pixels from, int width) {
    auto image = empty_image({width, from.size.height});
    const auto mixes = mixes_for(from.size.width, width);
    auto* to = image.data.data();
    for (int y = 0; y < from.size.height; ++y) {
        const auto* row = from.row(y);
        for (const auto& mix : mixes) *to++ = blend_row(row + mix.first, mix.weights);
    }
    return image;
}

/// Whole rows are summed up, a channel of a pixel after the other: the compiler makes vectors of that.
Image scale_columns(Pixels from, int height) {
    auto image = empty_image({from.size.width, height});
    const auto width = static_cast<std::size_t>(from.size.width);
    std::vector<std::uint32_t> sums(width * 4);
    auto* to = image.data.data();
    for (const auto& mix : mixes_for(from.size.height, height)) {
        std::ranges::fill(sums, half);
        int y = mix.first;
        for (const auto weight : mix.weights) {
            const auto* bytes = reinterpret_cast<const std::uint8_t*>(from.row(y++));
            for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += bytes[i] * weight;
        }
        for (std::size_t x = 0; x < width; ++x)
            *to++ = sums[4 * x] >> 16 | sums[4 * x + 1] >> 16 << 8 | sums[4 * x + 2] >> 16 << 16;
    }
    return image;
}

}  // namespace

Image scale(Pixels from, Size to) {
    // The side that shrinks goes first: fewer pixels for the second pass.
    if (to.height <= from.size.height) return scale_rows(scale_columns(from, to.height).pixels(), to.width);
    return scale_columns(scale_rows(from, to.width).pixels(), to.height);
}

}  // namespace carrel::desk::picture
