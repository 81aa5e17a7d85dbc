#include "desk/picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace carrel::desk {

namespace {

constexpr std::array<int, 3> channels{0, 8, 16};

/// How much of each old pixel one new pixel is made of, along one side. Weights sum up to `whole`.
struct Mix {
    int first = 0;
    std::vector<std::uint32_t> weights;
};
constexpr double whole = 65536;

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
        mix.weights.push_back(static_cast<std::uint32_t>(part / (end - begin) * whole));
    }
    // What rounding took goes to the first, so that white stays white.
    std::uint32_t sum = 0;
    for (const auto weight : mix.weights) sum += weight;
    mix.weights[0] += static_cast<std::uint32_t>(whole) - sum;
    return mix;
}

std::uint32_t blend(const std::uint32_t* pixel, std::ptrdiff_t step,
                    const std::vector<std::uint32_t>& weights) {
    std::array<std::uint32_t, 3> sums{1U << 15, 1U << 15, 1U << 15};
    for (const auto weight : weights) {
        for (std::size_t i = 0; i < channels.size(); ++i)
            sums[i] += ((*pixel >> channels[i]) & 0xff) * weight;
        pixel += step;
    }
    return (sums[0] >> 16) | (sums[1] >> 16 << 8) | (sums[2] >> 16 << 16);
}

Image scale_rows(Pixels from, int width) {
    Image image{std::vector<std::uint32_t>(static_cast<std::size_t>(width) * from.size.height),
                {width, from.size.height}};
    for (int x = 0; x < width; ++x) {
        const auto mix = mix_for(x, from.size.width, width);
        for (int y = 0; y < from.size.height; ++y)
            image.data[static_cast<std::size_t>(y) * width + x] =
                blend(from.row(y) + mix.first, 1, mix.weights);
    }
    return image;
}

Image scale_columns(Pixels from, int height) {
    Image image{std::vector<std::uint32_t>(static_cast<std::size_t>(height) * from.size.width),
                {from.size.width, height}};
    for (int y = 0; y < height; ++y) {
        const auto mix = mix_for(y, from.size.height, height);
        auto* row = image.data.data() + static_cast<std::size_t>(y) * from.size.width;
        for (int x = 0; x < from.size.width; ++x)
            row[x] = blend(from.row(mix.first) + x, from.stride, mix.weights);
    }
    return image;
}

std::uint32_t over(std::uint32_t below, std::uint32_t above) {
    const std::uint32_t rest = 255 - (above >> 24);
    std::uint32_t result = 0;
    for (const int shift : channels) {
        const auto sum = ((above >> shift) & 0xff) + (((below >> shift) & 0xff) * rest + 127) / 255;
        result |= std::min<std::uint32_t>(sum, 255) << shift;
    }
    return result;
}

}  // namespace

void draw_cursor(std::span<std::uint32_t> pixels, Size size, const Cursor& cursor) {
    for (int row = 0; row < cursor.size.height; ++row) {
        const int y = cursor.y + row;
        if (y < 0 || y >= size.height) continue;
        for (int column = 0; column < cursor.size.width; ++column) {
            const int x = cursor.x + column;
            if (x < 0 || x >= size.width) continue;
            const auto above = cursor.argb[static_cast<std::size_t>(row) * cursor.size.width + column];
            auto& below = pixels[static_cast<std::size_t>(y) * size.width + x];
            if (above >> 24) below = over(below, above);
        }
    }
}

Image scale(Pixels from, Size to) {
    // The side that shrinks goes first: fewer pixels for the second pass.
    if (to.height <= from.size.height) return scale_rows(scale_columns(from, to.height).pixels(), to.width);
    return scale_columns(scale_rows(from, to.width).pixels(), to.height);
}

}  // namespace carrel::desk
