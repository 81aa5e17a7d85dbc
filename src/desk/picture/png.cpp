#include "desk/picture/png.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "desk/picture/deflate.hpp"
#include "desk/picture/palette.hpp"

namespace carrel::desk::picture {

namespace {

constexpr std::uint32_t colour_mask = 0xffffff;
/// A band that compresses to more than this part of its bytes shows a photo or the like: filters may pay
/// there.
constexpr std::size_t photo_part = 3;
/// Differences of neighbours are small numbers: short codes, which short repetitions do not beat.
constexpr std::size_t shortest_in_filtered = 16;
/// What a store of four bytes for three may reach beyond the end.
constexpr std::size_t overrun = 1;

void put_number(std::string& png, std::uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) png.push_back(static_cast<char>(number >> shift));
}

/// Ends the chunk whose length stands at `begin`.
void end_chunk(std::string& png, std::size_t begin) {
    const auto length = static_cast<std::uint32_t>(png.size() - begin - 8);
    for (std::size_t i = 0; i < 4; ++i) png[begin + i] = static_cast<char>(length >> (24 - 8 * i));
    put_number(png, libdeflate_crc32(0, png.data() + begin + 4, png.size() - begin - 4));
}

/// Answers where the chunk begins; its content is appended next.
std::size_t begin_chunk(std::string& png, std::string_view type) {
    const auto begin = png.size();
    put_number(png, 0);
    png += type;
    return begin;
}

void put_header(std::string& png, Size size, bool is_indexed) {
    const auto begin = begin_chunk(png, "IHDR");
    put_number(png, static_cast<std::uint32_t>(size.width));
    put_number(png, static_cast<std::uint32_t>(size.height));
    const char colour_type = is_indexed ? 3 : 2;
    png += {8, colour_type, 0, 0, 0};
    end_chunk(png, begin);
}

void put_palette(std::string& png, const Palette& palette) {
    const auto begin = begin_chunk(png, "PLTE");
    for (const auto colour : palette.colours())
        for (const int shift : {16, 8, 0}) png.push_back(static_cast<char>(colour >> shift));
    end_chunk(png, begin);
}

/// The checksum of two pieces one behind the other (RFC 1950, 8.2), of the second `size` bytes.
std::uint32_t join_checksums(std::uint32_t first, std::uint32_t second, std::uint64_t size) {
    constexpr std::uint64_t base = 65521;
    const std::uint64_t sum = first & 0xffff;
    const auto low = (sum + (second & 0xffff) + base - 1) % base;
    // Each byte of the second piece counted the whole first sum again.
    const auto high = ((first >> 16) + (second >> 16) + size % base * (sum + base - 1)) % base;
    return static_cast<std::uint32_t>(high << 16 | low);
}

/// Rows, each after a byte that names its filter (0: none), red first.
void put_rgb(Pixels pixels, std::uint8_t* to) {
    for (int y = 0; y < pixels.size.height; ++y) {
        *to++ = 0;
        const auto* row = pixels.row(y);
        for (int x = 0; x < pixels.size.width; ++x, to += 3) {
            // One store of four bytes, the last of which the next byte covers: twice as fast.
            const std::uint32_t red_first = __builtin_bswap32(row[x] << 8);
            std::memcpy(to, &red_first, sizeof red_first);
        }
    }
}

/// The rows of a band (`stride` bytes each, the first of them 0), filtered (W3C PNG, 9.2): each byte less the
/// average of those to the left and above. A band knows nothing of the one above, so its first row looks to
/// the left only.
void filter_rows(std::span<const std::uint8_t> rows, std::size_t stride, std::uint8_t* to) {
    constexpr std::size_t step = 3;
    constexpr std::uint8_t left_alone = 1;
    constexpr std::uint8_t average = 3;
    for (std::size_t begin = 0; begin < rows.size(); begin += stride) {
        const auto* row = rows.data() + begin;
        *to++ = begin == 0 ? left_alone : average;
        for (std::size_t i = 1; i < stride; ++i) {
            const int left = i > step ? row[i - step] : 0;
            const int foretold = begin == 0 ? left : (left + (row - stride)[i]) / 2;
            *to++ = static_cast<std::uint8_t>(row[i] - foretold);
        }
    }
}

/// False when there are too many colours.
bool put_numbers(Pixels pixels, Palette& palette, std::uint8_t* to) {
    // Neighbours are mostly equal on a screen: the table is asked only where the colour changes.
    std::uint32_t last = ~pixels.first[0];
    std::uint8_t number = 0;
    for (int y = 0; y < pixels.size.height; ++y) {
        *to++ = 0;
        const auto* row = pixels.row(y);
        for (int x = 0; x < pixels.size.width; ++x) {
            if (row[x] != last) {
                last = row[x];
                const auto found = palette.number_of(last & colour_mask);
                if (!found) return false;
                number = *found;
            }
            *to++ = number;
        }
    }
    return true;
}

struct PngBand {
    std::optional<std::uint64_t> hash;  ///< of what `bytes` shows; nothing: it is to be compressed
    std::string bytes;
    std::uint32_t checksum = 1;
    std::size_t raw_size = 0;
};

}  // namespace

struct PngEncoder::State {
    Deflater deflater;
    std::vector<std::uint8_t> rows;
    std::vector<std::uint8_t> filtered;
    Size size;
    bool is_indexed = true;
    Palette palette;
    std::vector<PngBand> bands;
    std::uint64_t compressed = 0;

    void begin_anew(bool with_palette) {
        is_indexed = with_palette;
        palette = {};
        for (auto& band : bands) band.hash.reset();
    }

    bool compress(PngBand& band, Pixels pixels) {
        const std::size_t step = is_indexed ? 1 : 3;
        const auto stride = static_cast<std::size_t>(pixels.size.width) * step + 1;
        band.raw_size = stride * static_cast<std::size_t>(pixels.size.height);
        if (rows.size() < band.raw_size + overrun) rows.resize(band.raw_size + overrun);
        if (!is_indexed)
            put_rgb(pixels, rows.data());
        else if (!put_numbers(pixels, palette, rows.data()))
            return false;
        const std::span content{rows.data(), band.raw_size};
        band.checksum = libdeflate_adler32(1, content.data(), content.size());
        band.bytes.clear();
        deflater.append_part(band.bytes, content, stride, step);
        if (!is_indexed && band.bytes.size() > content.size() / photo_part)
            try_filters(band, content, stride);
        ++compressed;
        return true;
    }

    /// Keeps the band filtered if it is smaller so.
    void try_filters(PngBand& band, std::span<const std::uint8_t> content, std::size_t stride) {
        filtered.resize(content.size());
        filter_rows(content, stride, filtered.data());
        std::string bytes;
        deflater.append_part(bytes, filtered, stride, 3, shortest_in_filtered);
        if (bytes.size() >= band.bytes.size()) return;
        band.bytes = std::move(bytes);
        band.checksum = libdeflate_adler32(1, filtered.data(), filtered.size());
    }

    /// False when there are more colours than a palette takes.
    bool compress_changed(Pixels pixels, std::span<const std::uint64_t> hashes) {
        for (std::size_t i = 0; i < bands.size(); ++i) {
            if (bands[i].hash == hashes[i]) continue;
            if (!compress(bands[i], pixels.part(band_of(pixels.size, i)))) return false;
            bands[i].hash = hashes[i];
        }
        return true;
    }

    void update(Pixels pixels, std::span<const std::uint64_t> hashes) {
        if (size != pixels.size) {
            size = pixels.size;
            bands.assign(hashes.size(), {});
            begin_anew(true);
        }
        std::size_t changed = 0;
        for (std::size_t i = 0; i < bands.size(); ++i) changed += bands[i].hash != hashes[i];
        // A picture that is mostly another one may have few colours again.
        if (!is_indexed && changed * 2 >= bands.size()) begin_anew(true);
        // The palette may be full of colours that are gone: it gets one more try, from the beginning.
        bool was_empty = palette.is_empty();
        while (!compress_changed(pixels, hashes)) begin_anew(!std::exchange(was_empty, true));
    }

    std::string assemble() const {
        std::string png = "\x89PNG\r\n\x1a\n";
        std::size_t total = 2048;
        for (const auto& band : bands) total += band.bytes.size();
        png.reserve(total);
        put_header(png, size, is_indexed);
        if (is_indexed) put_palette(png, palette);
        const auto data = begin_chunk(png, "IDAT");
        png += "\x78\x01";
        std::uint32_t checksum = 1;
        for (const auto& band : bands) {
            png += band.bytes;
            checksum = join_checksums(checksum, band.checksum, band.raw_size);
        }
        Deflater::append_end(png);
        put_number(png, checksum);
        end_chunk(png, data);
        end_chunk(png, begin_chunk(png, "IEND"));
        return png;
    }
};

PngEncoder::PngEncoder() : state_{std::make_unique<State>()} {}
PngEncoder::~PngEncoder() = default;

std::string PngEncoder::encode(Pixels pixels, std::span<const std::uint64_t> bands) {
    if (!bands.empty()) {
        state_->update(pixels, bands);
        return state_->assemble();
    }
    // The kept picture stays as it is.
    State other;
    const std::vector<std::uint64_t> numbers(count_bands(pixels.size));
    other.update(pixels, numbers);
    state_->compressed += other.compressed;
    return other.assemble();
}

std::uint64_t PngEncoder::compressed_bands() const { return state_->compressed; }

}  // namespace carrel::desk::picture
